import type { UpstreamEndpoint } from '../config/mesh-view.ts';
import type { Balanced } from './balancer.ts';
import type { Failure } from './failure.ts';
import { failures } from './failure.ts';
import type { ProxyLimits, ProxyTimeouts } from './settings.ts';
import type { Sweep } from './sweep.ts';
import { UpstreamConnection, type UpstreamOwner } from './upstream-connection.ts';
import type { UpstreamDialer } from './upstream-dialer.ts';

/** A retired connection that the peer does not close is reset after about this. */
const RETIREMENT_MS = 5_000;

export interface PoolOptions {
  readonly dialer: UpstreamDialer;
  readonly limits: ProxyLimits;
  readonly timeouts: ProxyTimeouts;
  readonly sweep: Sweep;
}

/** A request that waits until the pool may give it a connection. */
export interface QueuedRequest {
  readonly queuedSinceMs: number;
  onPoolReady(upstream: UpstreamConnection): void;
  onPoolFailure(failure: Failure): void;
}

/**
 * The connections to one endpoint over one transport. The one that was used last is used next, so that
 * those which load no longer needs fall idle and time out.
 */
export class EndpointPool implements Balanced, UpstreamOwner {
  readonly endpoint: UpstreamEndpoint;
  /** Requests under way. */
  inFlight = 0;
  /** How many clusters list the endpoint; at 0 its idle connections are closed. */
  references = 0;
  readonly options: PoolOptions;
  readonly #idle: UpstreamConnection[] = [];
  readonly #all = new Set<UpstreamConnection>();
  /** Half-closed by us, until the peer closes too. */
  readonly #retired = new Set<UpstreamConnection>();
  readonly #queue = new Set<QueuedRequest>();

  constructor(endpoint: UpstreamEndpoint, options: PoolOptions) {
    this.endpoint = endpoint;
    this.options = options;
  }

  get openCount(): number {
    return this.#all.size;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  get isUnused(): boolean {
    return this.references === 0 && this.inFlight === 0 && this.#all.size === 0;
  }

  /** The idle connection that was used last, or null. */
  take(): UpstreamConnection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.isClosed) continue;
      if (this.#isCurrent(connection)) return connection;
      this.#retire(connection);
    }
  }

  /** A fresh connection, to be written to at once; null at the limit. A Failure: it cannot be made at all. */
  connect(): UpstreamConnection | Failure | null {
    if (this.#all.size >= this.options.limits.maxConnectionsPerEndpoint) return null;
    const connection = new UpstreamConnection(this, this.options.dialer.generation);
    const transport = this.options.dialer.dial(this.endpoint, connection);
    if (transport === null) return failures.noIdentity;
    connection.transport = transport;
    this.#all.add(connection);
    return connection;
  }

  /** False: the queue is full. */
  enqueue(request: QueuedRequest): boolean {
    if (this.#queue.size >= this.options.limits.maxQueuedPerEndpoint) return false;
    this.#queue.add(request);
    return true;
  }

  dequeue(request: QueuedRequest): void {
    this.#queue.delete(request);
  }

  /** The connection's exchange is over, and it can carry another. */
  release(connection: UpstreamConnection): void {
    if (!this.#isCurrent(connection)) {
      this.#retire(connection);
      return;
    }
    const next = this.#shiftQueue();
    if (next !== null) {
      next.onPoolReady(connection);
      return;
    }
    connection.idleSinceMs = this.options.sweep.nowMs;
    this.#idle.push(connection);
  }

  /** From the connection's onClose. */
  closed(connection: UpstreamConnection): void {
    this.#all.delete(connection);
    this.#retired.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#serveQueue();
  }

  onSweep(nowMs: number): void {
    const { upstreamIdleMs, queueMs } = this.options.timeouts;
    // The oldest come first in both.
    while (this.#idle.length > 0) {
      const oldest = this.#idle[0]!;
      const isExpired = nowMs - oldest.idleSinceMs >= upstreamIdleMs;
      if (this.references > 0 && !isExpired && this.#isCurrent(oldest)) break;
      this.#idle.shift();
      this.#retire(oldest);
    }
    for (const connection of this.#retired) {
      if (nowMs - connection.idleSinceMs >= upstreamIdleMs + RETIREMENT_MS) connection.abort();
    }
    for (const request of this.#queue) {
      if (nowMs - request.queuedSinceMs < queueMs) break;
      this.#queue.delete(request);
      request.onPoolFailure(failures.poolTimeout);
    }
  }

  /** Closes all; requests under way fail. */
  abort(): void {
    for (const connection of this.#all) connection.abort();
    this.#idle.length = 0;
  }

  /** In order, so that the peer does not log a reset. */
  #retire(connection: UpstreamConnection): void {
    this.#retired.add(connection);
    connection.retire();
  }

  #isCurrent(connection: UpstreamConnection): boolean {
    return this.endpoint.mesh === null || connection.generation === this.options.dialer.generation;
  }

  #serveQueue(): void {
    while (this.#queue.size > 0) {
      const connection = this.connect();
      if (connection === null) return;
      const next = this.#shiftQueue()!;
      if (connection instanceof UpstreamConnection) next.onPoolReady(connection);
      else next.onPoolFailure(connection);
    }
  }

  #shiftQueue(): QueuedRequest | null {
    for (const request of this.#queue) {
      this.#queue.delete(request);
      return request;
    }
    return null;
  }
}
