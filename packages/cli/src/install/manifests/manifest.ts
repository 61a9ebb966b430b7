import type { Tree } from '../template/tree.ts';

/** Objects that belong together; in the chart a file of that name. */
export interface ManifestFamily {
  readonly name: string;
  readonly objects: readonly Manifest[];
}

export interface Manifest {
  /** The value without which there is no such object. */
  readonly when?: string;
  readonly object: ObjectTree;
}

export type ObjectTree = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly [field: string]: Tree };
} & { readonly [field: string]: Tree };
