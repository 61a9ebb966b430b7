import { formatName, type InboundPort, type NamespacedName, type Workload } from '@tulle/model';
import type { Clock, Component, Logger } from '@tulle/runtime';
import type { InboundRule, InboundView } from './mesh-view.ts';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';

export interface InboundStoreOptions {
  readonly source: ResourceSource;
  readonly workload: NamespacedName;
  /** Where the local application listens. */
  readonly appHost: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Target = NonNullable<ReturnType<InboundView['target']>>;

/** A port that is announced no more, and until when it is served all the same. */
interface WithdrawnTarget {
  readonly target: Target;
  readonly untilMs: number;
}

/**
 * An endpoint's removal reaches this sidecar and its peers in no order. What peers send until they have
 * heard of it must be answered (e2e: "follows endpoints that come and go").
 */
const withdrawnServedMs = 30_000;

/** The ports of the own workload: what holds for them, and which of them peers may reach in explicit mode. */
export class InboundStore implements InboundView, Component {
  readonly name = 'inbound-store';
  readonly #options: InboundStoreOptions;
  #watch: ResourceWatch<'workload'> | null = null;
  #targets: ReadonlyMap<number, Target> = new Map();
  #withdrawn: ReadonlyMap<number, WithdrawnTarget> = new Map();
  #workload: Workload | null = null;
  #ports: ReadonlyMap<number, InboundPort> = new Map();
  readonly #listeners = new Set<() => void>();

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

  get owner(): string {
    return this.#workload?.owner ?? '';
  }

  target(port: number): Target | null {
    const announced = this.#targets.get(port);
    if (announced !== undefined) return announced;
    const withdrawn = this.#withdrawn.get(port);
    const isServed = withdrawn !== undefined && this.#options.clock.monotonicMs() < withdrawn.untilMs;
    return isServed ? withdrawn.target : null;
  }

  rule(port: number): InboundRule | null {
    if (this.#workload === null) return null;
    const listed = this.#ports.get(port);
    return {
      mtls: listed?.mtls ?? this.#workload.defaultMtls,
      protocol: listed?.protocol ?? 'detect',
      label: this.#label(port),
    };
  }

  serviceOf(port: number): string | null {
    return this.#ports.get(port)?.services[0] ?? null;
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that a listener that is given twice is called twice and ended once at a time.
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
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
    return {
      workload: this.#workload,
      targets: [...this.#targets.values()],
      withdrawn: [...this.#withdrawn.keys()],
    };
  }

  #take(state: ResourceState<Workload>): void {
    const { workload, appHost, logger } = this.#options;
    if (state.kind === 'known') {
      const { ports } = state.resource;
      this.#workload = state.resource;
      this.#ports = new Map(ports.map((port) => [port.port, port]));
      const announced = ports.filter(({ services }) => services.length > 0);
      this.#replace(
        new Map(announced.map(({ port }) => [port, { host: appHost, port, label: this.#label(port) }])),
      );
      for (const listener of [...this.#listeners]) listener();
    } else if (state.kind === 'absent' && this.#workload !== null) {
      // A pod that is being deleted leaves the mesh before its last requests have ended.
      logger.warn('own workload is gone from the mesh; its last ports stay', {
        workload: formatName(workload),
      });
    }
  }

  #label(port: number): string {
    return `${formatName(this.#options.workload)}:${port}`;
  }

  #replace(targets: ReadonlyMap<number, Target>): void {
    const nowMs = this.#options.clock.monotonicMs();
    const withdrawn = new Map([...this.#withdrawn].filter(([, { untilMs }]) => untilMs > nowMs));
    for (const [port, target] of this.#targets)
      withdrawn.set(port, { target, untilMs: nowMs + withdrawnServedMs });
    for (const port of targets.keys()) withdrawn.delete(port);
    this.#withdrawn = withdrawn;
    this.#targets = targets;
  }
}
