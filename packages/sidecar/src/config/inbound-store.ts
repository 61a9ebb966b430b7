import { formatName, type NamespacedName, type Workload } from '@tulle/model';
import type { Component, Logger } from '@tulle/runtime';
import type { InboundView } from './mesh-view.ts';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';

export interface InboundStoreOptions {
  readonly source: ResourceSource;
  readonly workload: NamespacedName;
  /** Where the local application listens. */
  readonly appHost: string;
  readonly logger: Logger;
}

type Target = NonNullable<ReturnType<InboundView['target']>>;

/** The ports of the own workload that peers may reach. */
export class InboundStore implements InboundView, Component {
  readonly name = 'inbound-store';
  readonly #options: InboundStoreOptions;
  #watch: ResourceWatch<'workload'> | null = null;
  #targets: ReadonlyMap<number, Target> = new Map();
  #workload: Workload | null = null;

  constructor(options: InboundStoreOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { source, workload } = this.#options;
    this.#watch = source.watch('workload', formatName(workload), (state) => this.#take(state));
    this.#take(this.#watch.state);
  }

  async stop(): Promise<void> {
    this.#watch?.stop();
    this.#watch = null;
  }

  target(port: number): Target | null {
    return this.#targets.get(port) ?? null;
  }

  /** Why the own workload cannot serve yet, or null. */
  get missing(): string | null {
    if (this.#workload !== null) return null;
    const name = formatName(this.#options.workload);
    return this.#watch?.state.kind === 'absent'
      ? `the control plane knows no workload ${name}`
      : `the workload ${name} has not been received`;
  }

  describe(): unknown {
    return { workload: this.#workload, targets: [...this.#targets.values()] };
  }

  #take(state: ResourceState<Workload>): void {
    const { workload, appHost, logger } = this.#options;
    if (state.kind === 'known') {
      const label = formatName(workload);
      this.#workload = state.resource;
      this.#targets = new Map(
        state.resource.ports.map(({ port }) => [port, { host: appHost, port, label: `${label}:${port}` }]),
      );
    } else if (state.kind === 'absent' && this.#workload !== null) {
      // A pod that is being deleted leaves the mesh before its last requests have ended.
      logger.warn('own workload is gone from the mesh; its last ports stay', {
        workload: formatName(workload),
      });
    }
  }
}
