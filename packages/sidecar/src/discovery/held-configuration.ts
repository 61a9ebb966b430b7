import type { ResourceKind } from '@tulle/model';

/** A resource as the control plane sent it last. */
export interface WireState {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly version: string;
  /** The resource's own message, encoded. */
  readonly wire: Uint8Array;
}

/** What is held of one kind. */
export interface HeldKind {
  /** Names and aliases that are subscribed to and have been answered. */
  readonly names: readonly string[];
  /** Those of them that do not exist. */
  readonly absent: readonly string[];
  readonly resources: readonly WireState[];
}

/** All that a discovery client holds: enough for the next one to go on from. */
export type HeldConfiguration = { readonly [K in ResourceKind]: HeldKind };
