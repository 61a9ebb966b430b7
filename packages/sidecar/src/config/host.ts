import type { Peer, Service } from '@tulle/model';
import type { Clock } from '@tulle/runtime';
import type { Destination } from './destination.ts';
import type { OutboundLookup } from './mesh-view.ts';
import { PeerPorts } from './peer-ports.ts';
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
  /** Whether the name is an IP address, which may be a pod's. */
  readonly isAddress: boolean;
  /** Of a pod. */
  readonly maxPorts: number;
  ownAddresses(): ReadonlySet<string>;
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

/** What is ready for requests; `found` is replaced as it changes. */
export interface ReadyTarget {
  readonly found: Extract<OutboundLookup, { readonly kind: 'found' }> | null;
}

export const unknownHost: OutboundLookup = { kind: 'unknown-host' };
export const timedOut: OutboundLookup = { kind: 'timeout' };
const outside: OutboundLookup = { kind: 'outside' };

/** A host name or address that the application asked for: its service or pod, once discovery has said which. */
export class Host {
  readonly name: string;
  readonly #options: HostOptions;
  readonly #service: ResourceWatch<'service'>;
  /** Null: no address. */
  readonly #peer: ResourceWatch<'peer'> | null;
  readonly #peerPorts: PeerPorts;
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
    const { source, isAddress, maxPorts, ownAddresses, onRelease } = options;
    this.#peerPorts = new PeerPorts({ address: name, maxPorts, ownAddresses, onRelease });
    this.#service = source.watch('service', name, (state) => this.#onService(state));
    this.#peer = isAddress ? source.watch('peer', name, (state) => this.#onPeer(state)) : null;
    if (this.#peer?.state.kind === 'known') this.#peerPorts.set(this.#peer.state.resource);
  }

  get state(): ResourceState<Service | Peer> {
    const service = this.#service.state;
    if (service.kind === 'known' || this.#peer === null) return service;
    const peer = this.#peer.state;
    return peer.kind === 'known' || service.kind === 'absent' ? peer : service;
  }

  get isWaitedFor(): boolean {
    return this.#waiters.size > 0;
  }

  /** Where the found of a port can be read from now on. */
  ready(port: number): ReadyTarget | null {
    const target = this.#destinations.get(port)?.destination ?? this.#peerPorts.target(port);
    return target === null || target.found === null ? null : target;
  }

  /** The own addresses are others. */
  refresh(): void {
    this.#peerPorts.refresh();
  }

  lookup(port: number): OutboundLookup {
    // Asked by a request that began before the host was dropped: nothing may be subscribed to any more.
    if (this.#isClosed) return timedOut;
    const { state } = this;
    switch (state.kind) {
      case 'absent':
        return this.#peer === null ? unknownHost : outside;
      case 'unknown':
        return this.#pending(port);
      case 'known':
        // A service that has the address hides its pod, as its virtual IP would.
        return this.#lookupService(port) ?? this.#peerPorts.target(port)?.found ?? this.#pending(port);
    }
  }

  /** Ends the subscription; those who wait are told that it timed out. */
  close(): void {
    this.#isClosed = true;
    this.#service.stop();
    this.#peer?.stop();
    this.#peerPorts.set(null);
    for (const port of [...this.#destinations.keys()]) this.#giveUp(port);
    for (const waiter of [...this.#waiters]) this.#answer(waiter, timedOut);
  }

  #lookupService(port: number): OutboundLookup | null {
    const { state } = this.#service;
    if (state.kind !== 'known') return null;
    const held = this.#destinations.get(port) ?? this.#hold(state.resource, port);
    if (held !== null) return held.destination.found ?? this.#pending(port);
    return { kind: 'unknown-port', known: state.resource.ports.map((known) => known.port) };
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
    const service = state.kind === 'known' ? state.resource : null;
    // What was cached of a pod at this address is the service's from now on.
    if (service !== null && this.#peer !== null) this.#options.onRelease();
    for (const [port, { destination }] of [...this.#destinations]) {
      const hasPort = service?.ports.some((candidate) => candidate.port === port) ?? false;
      // An alias may have moved to another service.
      const isSame = service !== null && destination.name === `${service.namespace}/${service.name}:${port}`;
      if (!hasPort || !isSame) this.#giveUp(port);
    }
    this.#answerWaiters();
  }

  #onPeer(state: ResourceState<Peer>): void {
    this.#peerPorts.set(state.kind === 'known' ? state.resource : null);
    this.#answerWaiters();
  }
}
