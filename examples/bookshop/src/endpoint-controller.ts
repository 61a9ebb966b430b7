import type { MeshDirectory } from './mesh-directory.ts';
import type { RunningProgram } from './processes.ts';

/** How long a cluster takes to notice that a container has died: the kubelet's relist, and a write. */
const noticeDelayMs = 300;

/**
 * What the kubelet and the endpoint controller do in a cluster: notices that a pod's application has ended,
 * and takes the pod's address out of its EndpointSlices.
 */
export class EndpointController {
  readonly #mesh: MeshDirectory;
  readonly #onRemoved: (pod: string) => void;
  readonly #onFault: (fault: Error) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(options: {
    readonly mesh: MeshDirectory;
    readonly onRemoved: (pod: string) => void;
    readonly onFault: (fault: Error) => void;
  }) {
    this.#mesh = options.mesh;
    this.#onRemoved = options.onRemoved;
    this.#onFault = options.onFault;
  }

  /** Watches the application of a pod. */
  watch(pod: string, application: RunningProgram): void {
    application.ended.then(() => {
      if (this.#isStopped) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#mesh.removeEndpoints(pod).then(
          () => this.#onRemoved(pod),
          (thrown: Error) => this.#onFault(thrown),
        );
      }, noticeDelayMs);
      this.#timers.add(timer);
    });
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
