import type { ClientStream, ClientStreamHandler, TransportError } from '@tulle/http';
import type { Random } from '@tulle/runtime';
import type { UpstreamEndpoint } from '../config/mesh-view.ts';
import type { PoolSeries, RequestMetrics } from '../metrics.ts';
import { Avoidance } from './avoidance.ts';
import type { Balanced } from './balancer.ts';
import type { Failure } from './failure.ts';
import { failures } from './failure.ts';
import { type ConnectionPool, PooledConnection } from './pooled-connection.ts';
import type { ProxyLimits, ProxyTimeouts } from './settings.ts';
import { SharedConnections } from './shared-connections.ts';
import type { Sweep } from './sweep.ts';
import type { UpstreamDialer } from './upstream-dialer.ts';

/** A retired connection that the peer does not close is reset after about this. */
const RETIREMENT_MS = 5_000;

export interface PoolOptions {
  readonly dialer: UpstreamDialer;
  readonly limits: ProxyLimits;
  readonly timeouts: ProxyTimeouts;
  readonly sweep: Sweep;
  readonly random: Random;
  readonly metrics: RequestMetrics;
}

/** A request that waits until the pool may give it a stream. */
export interface QueuedRequest {
  readonly queuedSinceMs: number;
  readonly responseHandler: ClientStreamHandler;
  onPoolReady(upstream: ClientStream): void;
  onPoolFailure(failure: Failure): void;
}

/**
 * The connections to one endpoint over one transport. Of HTTP/1.1 the one that was used last is used next,
 * so that those which load no longer needs fall idle and time out; those of HTTP/2 are shared, see
 * shared-connections.ts.
 */
export class EndpointPool implements Balanced, ConnectionPool {
  readonly endpoint: UpstreamEndpoint;
  /** Requests under way. */
  inFlight = 0;
  /** How many clusters list the endpoint; at 0 its idle connections are closed. */
  references = 0;
  readonly avoidance: Avoidance;
  readonly options: PoolOptions;
  /** HTTP/1.1 without an exchange. */
  readonly #idle: PooledConnection[] = [];
  readonly #shared: SharedConnections;
  readonly #all = new Set<PooledConnection>();
  /** Closing in order. */
  readonly #retired = new Set<PooledConnection>();
  readonly #queue = new Map<QueuedRequest, 1 | 2>();
  readonly #series: PoolSeries;

  /** `cluster`: that it is counted for; others may share it. */
  constructor(endpoint: UpstreamEndpoint, cluster: string, options: PoolOptions) {
    this.endpoint = endpoint;
    this.options = options;
    this.#series = options.metrics.pool(cluster);
    this.#shared = new SharedConnections(options.limits.maxBulkConnectionsPerEndpoint);
    this.avoidance = new Avoidance(options.random);
  }

  get isAvoided(): boolean {
    return this.avoidance.isAvoided;
  }

  admitsProbe(): boolean {
    return this.avoidance.admitsProbe(this.options.sweep.nowMs);
  }

  get openCount(): number {
    return this.#all.size;
  }

  get idleCount(): number {
    return this.#idle.length + this.#shared.all.filter(isUnused).length;
  }

  /** Left to a large body each. */
  get bulkCount(): number {
    return this.#shared.bulkCount;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  get isUnused(): boolean {
    return this.references === 0 && this.inFlight === 0 && this.#all.size === 0;
  }

  /**
   * A stream on a connection that stands or is begun; null at the limit. A Failure: there can be none at all.
   * `bodyBytes`: what content-length says; -1 where it does not.
   */
  open(httpMajor: 1 | 2, handler: ClientStreamHandler, bodyBytes = -1): ClientStream | Failure | null {
    const pooled =
      httpMajor === 1 ? (this.#takeIdle() ?? this.#connect(1)) : this.#takeOrConnectShared(bodyBytes);
    return pooled instanceof PooledConnection ? this.#openOn(pooled, handler) : pooled;
  }

  /**
   * For a request that met a dying connection: never on another idle one of HTTP/1.1, which may be dying too.
   * A shared one takes all that a lost one leaves behind. Null where there can be none.
   */
  openFresh(httpMajor: 1 | 2, handler: ClientStreamHandler): ClientStream | null {
    const pooled = httpMajor === 1 ? this.#connect(1) : this.#takeOrConnectShared(-1);
    return pooled instanceof PooledConnection ? this.#openOn(pooled, handler) : null;
  }

  /** False: the queue is full. */
  enqueue(request: QueuedRequest, httpMajor: 1 | 2): boolean {
    if (this.#queue.size >= this.options.limits.maxQueuedPerEndpoint) {
      this.#series.overflowed();
      return false;
    }
    this.#queue.set(request, httpMajor);
    return true;
  }

  dequeue(request: QueuedRequest): void {
    this.#queue.delete(request);
  }

  /** An exchange of the connection is over, or the peer allows more of them. */
  onCapacity(pooled: PooledConnection): void {
    if (this.#retired.has(pooled)) return;
    if (!this.#isCurrent(pooled)) {
      this.#retire(pooled);
      return;
    }
    pooled.idleSinceMs = this.options.sweep.nowMs;
    while (pooled.connection.capacity > 0) {
      const next = this.#shiftQueue(pooled.httpMajor);
      if (next === null) break;
      next.onPoolReady(this.#openOn(pooled, next.responseHandler));
    }
    // One that was only connecting has its request already.
    const isIdle = pooled.httpMajor === 1 && pooled.connection.capacity > 0;
    if (isIdle && this.#idle.at(-1) !== pooled) this.#idle.push(pooled);
  }

  onRetiring(pooled: PooledConnection): void {
    this.#forget(pooled);
    this.#retired.add(pooled);
    pooled.idleSinceMs = this.options.sweep.nowMs;
  }

  onClosed(pooled: PooledConnection, error: TransportError | null): void {
    if (error?.retryable === true) this.#countFailure(error);
    this.#forget(pooled);
    this.#all.delete(pooled);
    this.#retired.delete(pooled);
    this.#serveQueue();
  }

  onSweep(nowMs: number): void {
    const { upstreamIdleMs, queueMs } = this.options.timeouts;
    const isSpent = (pooled: PooledConnection) =>
      this.references === 0 || nowMs - pooled.idleSinceMs >= upstreamIdleMs || !this.#isCurrent(pooled);
    // The oldest come first.
    while (this.#idle.length > 0 && isSpent(this.#idle[0]!)) this.#retire(this.#idle.shift()!);
    for (const pooled of this.#shared.all.filter((one) => isUnused(one) && isSpent(one))) {
      this.#retire(pooled);
    }
    this.#shared.onSweep();
    for (const pooled of this.#retired) {
      const isOver = isUnused(pooled) && nowMs - pooled.idleSinceMs >= RETIREMENT_MS;
      if (isOver) pooled.connection.abort();
    }
    for (const { connection } of this.#all) connection.onSweep(nowMs);
    for (const request of this.#queue.keys()) {
      if (nowMs - request.queuedSinceMs < queueMs) break;
      this.#queue.delete(request);
      this.#series.timedOut();
      request.onPoolFailure(failures.poolTimeout);
    }
  }

  /** Closes all; requests under way hear no more of it. */
  abort(): void {
    for (const { connection } of this.#all) connection.abort();
    this.#idle.length = 0;
    for (const pooled of [...this.#shared.all]) this.#shared.forget(pooled);
  }

  #countFailure({ phase, code }: TransportError): void {
    this.#series.failed();
    if (phase === 'handshake') this.options.metrics.handshakeFailed('upstream', handshakeReason(code));
  }

  #openOn(pooled: PooledConnection, handler: ClientStreamHandler): ClientStream {
    if (pooled.isFresh) pooled.isFresh = false;
    else this.#series.reused();
    return pooled.connection.open(handler);
  }

  #takeIdle(): PooledConnection | null {
    for (;;) {
      const pooled = this.#idle.pop();
      if (pooled === undefined) return null;
      if (pooled.connection.capacity === 0) continue;
      if (this.#isCurrent(pooled)) return pooled;
      this.#retire(pooled);
    }
  }

  #takeOrConnectShared(bodyBytes: number): PooledConnection | Failure | null {
    const shared = this.#shared;
    for (let i = shared.all.length - 1; i >= 0; i--) {
      if (!this.#isCurrent(shared.all[i]!)) this.#retire(shared.all[i]!);
    }
    const isBulk = bodyBytes >= this.options.limits.h2.bulkBytes;
    const pooled = isBulk ? shared.takeUnused() : shared.takeOrdinary();
    if (pooled !== null) return pooled;
    if (isBulk && !shared.hasRoomForBulk) return shared.takeLeastBulk() ?? this.#connect(2);
    return this.#connect(2) ?? shared.takeLeastBulk();
  }

  #connect(httpMajor: 1 | 2): PooledConnection | Failure | null {
    const { dialer, limits, sweep } = this.options;
    if (this.#all.size >= limits.maxConnectionsPerEndpoint) return null;
    const pooled = new PooledConnection(this, httpMajor, dialer.generation);
    const connection = dialer.dial(this.endpoint, httpMajor, pooled);
    if (connection === null) return failures.noIdentity;
    pooled.connection = connection;
    pooled.idleSinceMs = sweep.nowMs;
    this.#all.add(pooled);
    this.#series.opened();
    if (httpMajor === 2) this.#shared.add(pooled);
    return pooled;
  }

  /** In order, so that the peer does not log a reset. */
  #retire(pooled: PooledConnection): void {
    this.onRetiring(pooled);
    pooled.connection.retire();
  }

  #forget(pooled: PooledConnection): void {
    if (pooled.httpMajor === 2) {
      this.#shared.forget(pooled);
      return;
    }
    const at = this.#idle.indexOf(pooled);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #isCurrent(pooled: PooledConnection): boolean {
    return this.endpoint.mesh === null || pooled.generation === this.options.dialer.generation;
  }

  #serveQueue(): void {
    for (const [request, httpMajor] of this.#queue) {
      const opened = this.open(httpMajor, request.responseHandler);
      if (opened === null) return;
      this.#queue.delete(request);
      if ('reason' in opened) request.onPoolFailure(opened);
      else request.onPoolReady(opened);
    }
  }

  #shiftQueue(httpMajor: 1 | 2): QueuedRequest | null {
    for (const [request, wanted] of this.#queue) {
      if (wanted !== httpMajor) continue;
      this.#queue.delete(request);
      return request;
    }
    return null;
  }
}

function isUnused({ connection }: PooledConnection): boolean {
  return connection.activeStreams === 0;
}

/** The codes of Tulle's own are a fixed set; those of OpenSSL and of the system are many. */
function handshakeReason(code: string): string {
  if (code.startsWith('TRANSPORT_')) return code.slice('TRANSPORT_'.length).toLowerCase();
  return code.startsWith('ERR_SSL') ? 'tls' : 'closed';
}
