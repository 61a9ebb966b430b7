import type { Component } from '@tulle/runtime';
import type { ResourceSet } from './resource-set.ts';

/** Something about the configuration that an operator should mend, or know of. */
export interface ConfigFault {
  /** `error`: what it concerns is not in force. `warning`: it is, though perhaps not as meant. */
  readonly severity: 'error' | 'warning';
  /** Where: `routes.yaml:12 (document 2)`, or an object's name. */
  readonly place: string;
  /** The path within the object, or empty. */
  readonly path: string;
  readonly reason: string;
}

/** Where the mesh's resources come from: files now, a cluster beside them later. */
export interface ResourceSource extends Component {
  /** Null until everything has been read once. Then always the last good state, whatever happens to the source. */
  readonly current: ResourceSet | null;
  /** What is wrong at this moment; empty when all is well. */
  readonly faults: readonly ConfigFault[];
  /** Called after each change of `current` or of `faults`; the returned function ends it. */
  onChange(listener: () => void): () => void;
}
