/**
 * The end of a proxy in order. Inbound goes first: it takes nothing new, says so to peers (GOAWAY, `connection:
 * close`) and finishes what is under way. Outbound is left to the application until it has no connection any
 * more: one that ends its own work must still reach what it needs, and ends after or beside its sidecar.
 */
import type { Clock, Logger } from '@tulle/runtime';
import type { OpenConnection } from './downstream-context.ts';

/** What the drain needs of one direction. */
export interface DrainSide {
  /** Those that stand, of whatever protocol. */
  readonly connections: ReadonlySet<OpenConnection>;
  stopAccepting(): Promise<void>;
}

export interface ProxyDrainOptions {
  readonly inbound: DrainSide;
  readonly outbound: DrainSide;
  /** With everything still accepted: for those to hear of it who send here. */
  readonly delayMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const tickMs = 20;
/** At the end of the time, for what the application has under way: its part, and at most. */
const outboundShare = 0.5;
const maxOutboundMs = 2_000;

interface Stopping {
  readonly outboundAtMs: number;
  readonly endMs: number;
  readonly done: PromiseWithResolvers<void>;
}

export class ProxyDrain {
  readonly #options: ProxyDrainOptions;
  /** Null until the drain has begun. */
  #inboundAtMs: number | null = null;
  #stopping: Stopping | null = null;
  /** By direction that is draining: the connections that have been told. */
  readonly #told = new Map<DrainSide, WeakSet<OpenConnection>>();
  readonly #closing: Promise<void>[] = [];
  #cancelTick: () => void = () => {};

  constructor(options: ProxyDrainOptions) {
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#inboundAtMs !== null;
  }

  /** Nothing new is taken from peers. */
  get hasClosedInbound(): boolean {
    return this.#told.has(this.#options.inbound);
  }

  /** Inbound only, after the delay. Again: nothing happens. */
  begin(): void {
    if (this.#inboundAtMs !== null) return;
    this.#inboundAtMs = this.#options.clock.monotonicMs() + this.#options.delayMs;
    this.#tick();
  }

  /** Both directions, within `deadlineMs`, the delay included; what is left then is cut. */
  async finish(deadlineMs: number): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    const endMs = nowMs + deadlineMs;
    const outboundAtMs = endMs - Math.min(maxOutboundMs, deadlineMs * outboundShare);
    this.#inboundAtMs = Math.min(this.#inboundAtMs ?? nowMs + this.#options.delayMs, outboundAtMs);
    this.#stopping = { endMs, outboundAtMs, done: Promise.withResolvers() };
    this.#tick();
    await this.#stopping.done.promise;
    await Promise.all(this.#closing);
  }

  describe(): unknown {
    const { inbound, outbound } = this.#options;
    const stateOf = (side: DrainSide) => ({
      isAccepting: !this.#told.has(side),
      connections: side.connections.size,
    });
    return {
      isDraining: this.#inboundAtMs !== null,
      inbound: stateOf(inbound),
      outbound: stateOf(outbound),
    };
  }

  #tick(): void {
    const { clock, inbound, outbound } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#cancelTick();
    if (nowMs >= (this.#inboundAtMs ?? Number.POSITIVE_INFINITY)) this.#tell(inbound);
    const stopping = this.#stopping;
    if (stopping !== null) {
      const isIdle = this.#told.has(inbound) && inbound.connections.size + outbound.connections.size === 0;
      if (isIdle || nowMs >= stopping.outboundAtMs) this.#tell(outbound);
      const isOver = this.#told.has(outbound) && inbound.connections.size + outbound.connections.size === 0;
      if (isOver || nowMs >= stopping.endMs) {
        this.#cut();
        stopping.done.resolve();
        return;
      }
    }
    this.#cancelTick = clock.schedule(tickMs, () => this.#tick());
  }

  /** Tells each connection once; those whose handshake ends only now, too. */
  #tell(side: DrainSide): void {
    let told = this.#told.get(side);
    if (told === undefined) {
      told = new WeakSet();
      this.#told.set(side, told);
      this.#closing.push(side.stopAccepting());
    }
    for (const connection of side.connections) {
      if (told.has(connection)) continue;
      told.add(connection);
      connection.drain();
    }
  }

  #cut(): void {
    const { inbound, outbound, logger } = this.#options;
    const left = [...inbound.connections, ...outbound.connections];
    if (left.length > 0) logger.warn('connections cut at the drain deadline', { connections: left.length });
    for (const connection of left) connection.cutAtDeadline();
  }
}
