import { formatSpiffeId, type SpiffeId } from '@tulle/model';
import type { Clock, Logger } from '@tulle/runtime';
import { type DeltaDiscoveryRequest, encodeDeltaResponse, kindOfTypeUrl } from '@tulle/xds';
import type { ClientView, Snapshot, SnapshotEntry, SnapshotSource } from '../snapshot/snapshot.ts';
import { admitNode, foreignNode } from './admit-node.ts';
import { checkRequest } from './check-request.ts';
import type { ConnectedProxy } from './connected-proxy.ts';
import { type DebounceOptions, Debouncer } from './debouncer.ts';
import type { DiscoveryLimits } from './discovery-limits.ts';
import { type DiscoveryMetrics, typeLabel } from './discovery-metrics.ts';
import { encodeEntry } from './entry-encoder.ts';
import { type HeldVersions, holdingsOf } from './held-versions.ts';
import { nextResponse } from './next-response.ts';
import type { Batch } from './pending-changes.ts';
import { type ResourceView, resourceView } from './resource-view.ts';
import type { StreamStatus, StreamTransport } from './stream-transport.ts';
import { TypeStream } from './type-stream.ts';

export interface DiscoveryStreamOptions {
  /** Unique among the service's streams; nonces begin with it. */
  readonly id: number;
  readonly identity: SpiffeId;
  readonly transport: StreamTransport;
  readonly source: SnapshotSource;
  readonly debounce: DebounceOptions;
  readonly limits: DiscoveryLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DiscoveryMetrics;
  /** What this control plane calls itself in responses. */
  readonly controlPlane: string;
  readonly held: HeldVersions;
  /** How many streams there are of a proxy, this one not counted. */
  countStreamsOf(client: ClientView): number;
}

/**
 * One proxy's connection. It delivers one snapshot at a time, its target: each type's subscription is compared
 * with the target, and what is pending goes out in make-before-break order. A newer snapshot replaces the target
 * after the debounce, or at once when the client subscribes; what was pending is then compared anew.
 */
export class DiscoveryStream {
  readonly #options: DiscoveryStreamOptions;
  readonly #connectedAtMs: number;
  readonly #types = new Map<string, TypeStream>();
  readonly #debouncer: Debouncer;
  #client: ClientView | null = null;
  #target: Snapshot | null = null;
  #isBlocked = false;
  #closedBy: string | null = null;
  #nonces = 0;
  #cancelIdle: () => void;

  constructor(options: DiscoveryStreamOptions) {
    this.#options = options;
    const { clock, debounce, limits } = options;
    this.#connectedAtMs = clock.nowMs();
    this.#debouncer = new Debouncer(clock, debounce, (firstMs) => this.#pushChange(firstMs));
    this.#cancelIdle = clock.schedule(limits.firstRequestMs, () =>
      this.#fail('DEADLINE_EXCEEDED', 'no_request', 'no request came: a discovery stream begins with one'),
    );
  }

  /** `<namespace>/<pod>`; empty before the first request. */
  get node(): string {
    return this.#client?.workload ?? '';
  }

  /** Null before the first request. */
  get client(): ClientView | null {
    return this.#client;
  }

  get isClosed(): boolean {
    return this.#closedBy !== null;
  }

  onRequest(request: DeltaDiscoveryRequest): void {
    if (this.isClosed) return;
    if (this.#client === null && !this.#admit(request.node?.id ?? '')) return;
    const fault = checkRequest(request, this.#options.limits);
    if (fault !== null) {
      this.#fail('INVALID_ARGUMENT', 'bad_request', fault);
      return;
    }
    const type = this.#typeOf(request.typeUrl);
    if (type === null) return;
    this.#options.metrics.requests.with(typeLabel(type.kind)).inc();
    const isFirstOfType = !this.#types.has(type.typeUrl);
    this.#types.set(type.typeUrl, type);
    this.#settleResponse(type, request);
    this.#changeSubscription(type, request, isFirstOfType);
    if (!this.isClosed) this.#pump();
  }

  /** The source has another snapshot. */
  onSnapshot(): void {
    if (!this.isClosed && this.#client !== null) this.#debouncer.poke();
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#pump();
  }

  /** The connection has ended, or ends. Called more than once, only the first counts. */
  onEnd(reason: string): void {
    if (this.isClosed) return;
    this.#closedBy = reason;
    this.#debouncer.cancel();
    this.#cancelIdle();
    for (const type of this.#types.values()) type.stop();
    this.#options.metrics.streamsClosed.with(reason).inc();
    this.#options.logger.info('proxy disconnected', { node: this.node, reason });
  }

  /** Tells the client to go elsewhere. */
  close(): void {
    this.#fail('UNAVAILABLE', 'shutdown', 'the control plane is stopping: connect again');
  }

  describe(): ConnectedProxy {
    return {
      node: this.node,
      identity: formatSpiffeId(this.#options.identity),
      peer: this.#options.transport.peer,
      connectedAt: new Date(this.#connectedAtMs).toISOString(),
      types: [...this.#types.values()].map((type) => type.describe()),
    };
  }

  #admit(nodeId: string): boolean {
    const { identity, limits, logger, source, transport } = this.#options;
    const admission = admitNode(nodeId, identity, source.current);
    if (!admission.ok) {
      this.#fail(admission.code, 'not_admitted', admission.reason);
      return false;
    }
    const { client } = admission;
    if (this.#options.countStreamsOf(client) >= limits.streamsPerProxy) {
      const reason = `${client.workload} has ${limits.streamsPerProxy} discovery streams already: close one`;
      this.#fail('RESOURCE_EXHAUSTED', 'too_many_streams', reason);
      return false;
    }
    this.#client = client;
    this.#target = source.current;
    logger.info('proxy connected', { node: client.workload, peer: transport.peer });
    return true;
  }

  /** The type's state, made on its first request; null after the stream was ended for too many. */
  #typeOf(typeUrl: string): TypeStream | null {
    const known = this.#types.get(typeUrl);
    if (known !== undefined) return known;
    const kind = kindOfTypeUrl(typeUrl);
    if (kind === null) {
      const unknown = [...this.#types.values()].filter((type) => type.kind === null).length;
      if (unknown >= this.#options.limits.unknownTypesPerStream) {
        this.#fail('INVALID_ARGUMENT', 'unknown_types', `too many unknown types, lastly ${typeUrl}`);
        return null;
      }
      this.#options.logger.warn('unknown resource type', { node: this.node, typeUrl });
    }
    return new TypeStream(typeUrl, kind, holdingsOf(this.#options.held, kind, this.#client));
  }

  /** An ACK or a NACK names the response in flight. Another nonce is stale: of a response settled already. */
  #settleResponse(type: TypeStream, { responseNonce, errorDetail }: DeltaDiscoveryRequest): void {
    if (responseNonce === '') return;
    const { clock, logger, metrics } = this.#options;
    const label = typeLabel(type.kind);
    if (type.inFlight?.mark.nonce !== responseNonce) {
      metrics.staleNonces.with(label).inc();
      return;
    }
    metrics.ackSeconds.observe((clock.monotonicMs() - type.inFlight.sentMs) / 1_000);
    if (errorDetail === undefined) {
      type.onAck();
      metrics.acks.with(label).inc();
      return;
    }
    const { reason, resources, version } = type.onNack(errorDetail.message);
    metrics.nacks.with(label).inc();
    logger.warn('proxy rejected a response', { node: this.node, type: label, resources, version, reason });
  }

  #changeSubscription(type: TypeStream, request: DeltaDiscoveryRequest, isFirstOfType: boolean): void {
    const { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe } = request;
    if (!isFirstOfType && subscribe.length === 0 && unsubscribe.length === 0) return;
    const { limits } = this.#options;
    // A new subscription is answered from what is true now, and all types move together, for their order.
    if (subscribe.length > 0 || isFirstOfType) this.#retarget();
    if (this.isClosed) return;
    const initialVersions = request.initialResourceVersions;
    type.subscription.change({ subscribe, unsubscribe, initialVersions }, this.#viewOf(type));
    const total = this.#countSubscriptions();
    const names = Math.max(total, type.subscription.pending.unanswered);
    if (names > limits.subscriptionsPerStream) {
      const reason = `at most ${limits.subscriptionsPerStream} names may be subscribed to or unanswered, not ${names}`;
      this.#fail('RESOURCE_EXHAUSTED', 'too_many_subscriptions', reason);
      return;
    }
    this.#cancelIdle();
    if (total > 0) return;
    this.#cancelIdle = this.#options.clock.schedule(limits.idleMs, () =>
      this.#fail('DEADLINE_EXCEEDED', 'idle', 'the stream has had no subscription for a while'),
    );
  }

  #countSubscriptions(): number {
    let total = 0;
    for (const { subscription } of this.#types.values()) total += subscription.size;
    return total;
  }

  #viewOf(type: TypeStream): ResourceView | null {
    if (this.#target === null || this.#client === null) return null;
    return resourceView(this.#target, type.kind, this.#client);
  }

  /** Makes the source's snapshot the target, or ends the stream where that knows the pod as another account's. */
  #retarget(): void {
    const { current } = this.#options.source;
    this.#debouncer.cancel();
    if (current === null || current === this.#target || this.#client === null) return;
    const reason = foreignNode(this.#client, current);
    if (reason !== null) {
      this.#fail('PERMISSION_DENIED', 'not_admitted', reason);
      return;
    }
    this.#target = current;
    for (const type of this.#types.values()) {
      const view = this.#viewOf(type);
      if (view !== null) type.subscription.retarget(view);
    }
  }

  #pushChange(firstChangeMs: number): void {
    const { clock, metrics } = this.#options;
    const before = this.#nonces;
    this.#retarget();
    this.#pump();
    if (this.#nonces > before)
      metrics.pushDelaySeconds.observe((clock.monotonicMs() - firstChangeMs) / 1_000);
  }

  /** Sends what may be sent now; ACKs, subscriptions and snapshots call it again. */
  #pump(): void {
    while (!this.isClosed && !this.#isBlocked && this.#target !== null) {
      const next = nextResponse(this.#types);
      if (next === null) return;
      const { pending } = next.type.subscription;
      const { responseBytes } = this.#options.limits;
      const batch =
        next.phase === 'updates'
          ? pending.takeUpdates(responseBytes, (entry) => this.#encode(entry))
          : pending.takeRemovals(responseBytes);
      this.#send(next.type, batch);
    }
  }

  #encode(entry: SnapshotEntry): Uint8Array<ArrayBuffer> | null {
    const encoded = encodeEntry(entry);
    if (encoded.ok) return encoded.bytes;
    this.#options.metrics.unencodable.with(entry.kind).inc();
    const { kind, name } = entry;
    this.#options.logger.error('resource cannot be sent', { kind, name, reason: encoded.reason });
    return null;
  }

  #send(type: TypeStream, batch: Batch): void {
    const { clock, controlPlane, id, limits, metrics, transport } = this.#options;
    const nonce = `${id}.${++this.#nonces}`;
    const version = String(this.#target?.sequence ?? '');
    const { typeUrl } = type;
    const { encoded: resources, removed } = batch;
    const parts = { typeUrl, nonce, systemVersion: version, resources, removed, controlPlane };
    const response = encodeDeltaResponse(parts);
    const cancelTimeout = clock.schedule(limits.ackMs, () =>
      this.#fail('DEADLINE_EXCEEDED', 'no_ack', `response ${nonce} of ${typeUrl} was not acknowledged`),
    );
    const at = new Date(clock.nowMs()).toISOString();
    type.onSent({ mark: { version, nonce, at }, batch, sentMs: clock.monotonicMs(), cancelTimeout });
    this.#isBlocked = !transport.send(response);
    const label = typeLabel(type.kind);
    metrics.responses.with(label).inc();
    metrics.responseBytes.with(label).inc(response.length);
    metrics.resourcesSent.with(label).inc(resources.length);
    metrics.removalsSent.with(label).inc(removed.length);
  }

  #fail(status: StreamStatus, reason: string, message: string): void {
    if (this.isClosed) return;
    const { logger, transport } = this.#options;
    if (reason !== 'shutdown')
      logger.warn('discovery stream ended by the server', {
        node: this.node,
        peer: transport.peer,
        status,
        message,
      });
    this.onEnd(reason);
    transport.fail(status, message);
  }
}
