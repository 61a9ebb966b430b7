/** Resources from a cluster, watched. */
import type { RejectedObject } from '../rejected-object.ts';
import type { ResourceSet } from '../resource-set.ts';
import type { ConfigFault, ResourceSource } from '../resource-source.ts';

export class KubernetesSource implements ResourceSource {
  readonly name = 'kubernetes source';
  readonly current: ResourceSet | null = null;
  readonly faults: readonly ConfigFault[] = [];
  /** For whoever writes statuses; told of with `onChange`. */
  readonly rejected: readonly RejectedObject[] = [];

  onChange(_listener: () => void): () => void {
    return () => {};
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  /** Which kinds have not been read yet, and why. */
  unreadyReasons(): readonly string[] {
    return [];
  }

  describe(): object {
    return {};
  }
}
