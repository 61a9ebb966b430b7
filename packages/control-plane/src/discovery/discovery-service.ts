import { status as grpcStatus, Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { SpiffeId } from '@tulle/model';
import type { Clock, Logger } from '@tulle/runtime';
import type {
  AggregatedDiscoveryService,
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  GrpcHandlersOf,
  OrEncoded,
} from '@tulle/xds';
import type { ClientView, SnapshotSource } from '../snapshot/snapshot.ts';
import type { ConnectedProxy } from './connected-proxy.ts';
import type { DebounceOptions } from './debouncer.ts';
import { type DiscoveryLimits, defaultDiscoveryLimits } from './discovery-limits.ts';
import type { DiscoveryMetrics } from './discovery-metrics.ts';
import { DiscoveryStream } from './discovery-stream.ts';
import { HeldVersions } from './held-versions.ts';
import type { StreamTransport } from './stream-transport.ts';

/** A discovery stream as grpc-js gives it. */
export type DiscoveryCall = ServerDuplexStream<DeltaDiscoveryRequest, OrEncoded<DeltaDiscoveryResponse>>;

export interface DiscoveryServiceOptions {
  readonly source: SnapshotSource;
  /** Who the client proved to be with its certificate, or null. */
  authenticate(call: DiscoveryCall): SpiffeId | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DiscoveryMetrics;
  readonly debounce?: DebounceOptions;
  readonly limits?: Partial<DiscoveryLimits>;
  /** What this replica calls itself in responses. */
  readonly controlPlane?: string;
}

export interface DiscoveryService {
  /** For `addGrpcService(server, AggregatedDiscoveryService, handlers)`. */
  readonly handlers: GrpcHandlersOf<typeof AggregatedDiscoveryService>;
  /** The proxies that are connected, for the dump and for statuses. */
  describe(): readonly ConnectedProxy[];
  /** Which of them has what, for statuses. */
  readonly held: HeldVersions;
  /** Refuses new streams and ends those that are open, politely; resolves when all have ended or it is time. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * The aggregated discovery service over a source of snapshots: incremental variant of the xDS protocol
 * (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol).
 */
export function createDiscoveryService(options: DiscoveryServiceOptions): DiscoveryService {
  const server = new DiscoveryStreams(options);
  return {
    handlers: { deltaAggregatedResources: (call) => server.serve(call) },
    describe: () => server.describe(),
    held: server.held,
    close: (deadlineMs) => server.close(deadlineMs),
  };
}

const authenticationHint = 'discovery needs a client certificate of this mesh: ask IdentityService for one';

/** The open streams. */
class DiscoveryStreams {
  readonly #options: DiscoveryServiceOptions;
  readonly #limits: DiscoveryLimits;
  readonly held = new HeldVersions();
  readonly #open = new Set<DiscoveryStream>();
  readonly #unwatch: () => void;
  #isClosing = false;
  #onEmpty: () => void = () => {};
  #lastId = 0;

  constructor(options: DiscoveryServiceOptions) {
    this.#options = options;
    this.#limits = { ...defaultDiscoveryLimits, ...options.limits };
    this.#unwatch = options.source.onChange(() => {
      for (const stream of this.#open) stream.onSnapshot();
    });
  }

  serve(call: DiscoveryCall): void {
    // Without a listener a broken connection would be an uncaught exception.
    call.on('error', () => {});
    const refusal = this.#refusal();
    const identity = refusal === null ? this.#options.authenticate(call) : null;
    if (refusal !== null) failCall(call, ...refusal);
    else if (identity === null) failCall(call, 'UNAUTHENTICATED', authenticationHint);
    else this.#attach(call, this.#createStream(call, identity));
  }

  describe(): readonly ConnectedProxy[] {
    return [...this.#open].map((stream) => stream.describe());
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isClosing = true;
    this.#unwatch();
    for (const stream of this.#open) stream.close();
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.schedule(deadlineMs, resolve);
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Why no stream can be opened at this moment. */
  #refusal(): ['UNAVAILABLE' | 'RESOURCE_EXHAUSTED', string] | null {
    if (this.#isClosing) return ['UNAVAILABLE', 'the control plane is stopping: connect again'];
    if (this.#open.size < this.#limits.streams) return null;
    return ['RESOURCE_EXHAUSTED', `this replica serves ${this.#limits.streams} streams already`];
  }

  #createStream(call: DiscoveryCall, identity: SpiffeId): DiscoveryStream {
    const { clock, controlPlane = 'tulle', logger, metrics, source } = this.#options;
    const debounce = this.#options.debounce ?? { quietMs: 20, maxMs: 250 };
    const transport: StreamTransport = {
      peer: call.getPeer(),
      send: (response) => call.write(response),
      fail: (status, message) => failCall(call, status, message),
    };
    return new DiscoveryStream({
      id: ++this.#lastId,
      identity,
      transport,
      source,
      debounce,
      limits: this.#limits,
      clock,
      logger,
      metrics,
      controlPlane,
      held: this.held,
      countStreamsOf: (client) => this.#countStreamsOf(client),
    });
  }

  #attach(call: DiscoveryCall, stream: DiscoveryStream): void {
    const { metrics } = this.#options;
    this.#open.add(stream);
    metrics.proxies.set(this.#open.size);
    // The headers tell the client that its stream is served: one that resumes and misses nothing hears no more.
    call.sendMetadata(new Metadata());
    const onGone = (reason: string) => {
      stream.onEnd(reason);
      this.#open.delete(stream);
      metrics.proxies.set(this.#open.size);
      if (this.#open.size === 0) this.#onEmpty();
    };
    call.on('data', (request: DeltaDiscoveryRequest) => stream.onRequest(request));
    call.on('drain', () => stream.onDrain());
    // The client has said its last: no ACK can come, so nothing more is sent.
    call.on('end', () => {
      stream.onEnd('client_ended');
      call.end();
    });
    call.on('cancelled', () => onGone('cancelled'));
    call.on('finish', () => onGone('finished'));
    call.on('close', () => onGone('closed'));
  }

  /** Whoever names the pod of another account, before that is known, takes none of its streams away. */
  #countStreamsOf({ workload, serviceAccount }: ClientView): number {
    let count = 0;
    for (const { client } of this.#open) {
      if (client?.workload === workload && client.serviceAccount === serviceAccount) count++;
    }
    return count;
  }
}

function failCall(call: DiscoveryCall, code: keyof typeof grpcStatus, details: string): void {
  // grpc-js turns an error event of a server stream into its status.
  call.emit('error', { code: grpcStatus[code], details });
}
