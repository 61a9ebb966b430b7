import type { Service } from '@tulle/model';
import type { Clock } from '@tulle/runtime';
import type { Destination } from './destination.ts';
import type { OutboundLookup } from './mesh-view.ts';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';

/** A use of a destination that several hosts may share. */
export interface DestinationLease {
  readonly destination: Destination;
  release(): void;
}

export interface HostOptions {
  readonly source: ResourceSource;
  readonly clock: Clock;
  /** How long a lookup may wait for discovery. */
  readonly waitMs: number;
  readonly maxWaiting: number;
  lease(service: Service, port: number): DestinationLease | null;
  /** Called before a destination is given up: what was cached of it must go. */
  onRelease(): void;
  onTimeout(): void;
}

interface Waiter {
  readonly port: number;
  readonly done: (lookup: OutboundLookup) => void;
  cancelTimer: () => void;
}

interface HeldDestination extends DestinationLease {
  readonly stopListening: () => void;
}

export const unknownHost: OutboundLookup = { kind: 'unknown-host' };
const timedOut: OutboundLookup = { kind: 'timeout' };

/** A host name or address that the application asked for: its service, once discovery has said which. */
export class Host {
  readonly name: string;
  readonly #options: HostOptions;
  readonly #watch: ResourceWatch<'service'>;
  readonly #destinations = new Map<number, HeldDestination>();
  readonly #waiters = new Set<Waiter>();
  #isClosed = false;
  /** Set by each lookup, cleared by each sweep. */
  isUsed = true;
  /** Sweeps in a row that found it unused. */
  idleSweeps = 0;

  constructor(name: string, options: HostOptions) {
    this.name = name;
    this.#options = options;
    this.#watch = options.source.watch('service', name, (state) => this.#onService(state));
  }

  get state(): ResourceState<Service> {
    return this.#watch.state;
  }

  get isWaitedFor(): boolean {
    return this.#waiters.size > 0;
  }

  /** The destination of a port if it is ready for requests. */
  ready(port: number): Destination | null {
    const destination = this.#destinations.get(port)?.destination;
    return destination === undefined || destination.found === null ? null : destination;
  }

  lookup(port: number): OutboundLookup {
    // Asked by a request that began before the host was dropped: nothing may be subscribed to any more.
    if (this.#isClosed) return timedOut;
    const { state } = this.#watch;
    switch (state.kind) {
      case 'absent':
        return unknownHost;
      case 'unknown':
        return this.#pending(port);
      case 'known': {
        const held = this.#destinations.get(port) ?? this.#hold(state.resource, port);
        if (held !== null) return held.destination.found ?? this.#pending(port);
        return { kind: 'unknown-port', known: state.resource.ports.map((known) => known.port) };
      }
    }
  }

  /** Ends the subscription; those who wait are told that it timed out. */
  close(): void {
    this.#isClosed = true;
    this.#watch.stop();
    for (const port of [...this.#destinations.keys()]) this.#giveUp(port);
    for (const waiter of [...this.#waiters]) this.#answer(waiter, timedOut);
  }

  #pending(port: number): OutboundLookup {
    return { kind: 'pending', wait: (done) => this.#wait(port, done) };
  }

  #wait(port: number, done: (lookup: OutboundLookup) => void): void {
    const { clock, waitMs, maxWaiting, onTimeout } = this.#options;
    const now = this.lookup(port);
    if (now.kind !== 'pending' || this.#waiters.size >= maxWaiting) {
      done(now.kind === 'pending' ? timedOut : now);
      return;
    }
    const waiter: Waiter = { port, done, cancelTimer: () => {} };
    waiter.cancelTimer = clock.schedule(waitMs, () => {
      onTimeout();
      this.#answer(waiter, timedOut);
    });
    this.#waiters.add(waiter);
  }

  #answer(waiter: Waiter, lookup: OutboundLookup): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.cancelTimer();
    waiter.done(lookup);
  }

  #answerWaiters(): void {
    for (const waiter of [...this.#waiters]) {
      const lookup = this.lookup(waiter.port);
      if (lookup.kind !== 'pending') this.#answer(waiter, lookup);
    }
  }

  #hold(service: Service, port: number): HeldDestination | null {
    const lease = this.#options.lease(service, port);
    if (lease === null) return null;
    const stopListening = lease.destination.onPublish(() => this.#answerWaiters());
    const held = { ...lease, stopListening };
    this.#destinations.set(port, held);
    return held;
  }

  #giveUp(port: number): void {
    const held = this.#destinations.get(port);
    if (held === undefined) return;
    this.#destinations.delete(port);
    this.#options.onRelease();
    held.stopListening();
    held.release();
  }

  #onService(state: ResourceState<Service>): void {
    for (const [port, { destination }] of [...this.#destinations]) {
      const service = state.kind === 'known' ? state.resource : null;
      const servicePort = service?.ports.find((candidate) => candidate.port === port);
      // An alias may have moved to another service.
      const isSame = service !== null && destination.name === `${service.namespace}/${service.name}:${port}`;
      if (service === null || servicePort === undefined || !isSame) this.#giveUp(port);
      else destination.setService(service, servicePort);
    }
    this.#answerWaiters();
  }
}
