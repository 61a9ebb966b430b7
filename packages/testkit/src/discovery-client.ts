import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  AggregatedDiscoveryService,
  createGrpcClient,
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  NodeSchema,
  type OrEncoded,
} from '@tulle/xds';

export type DiscoveryRequestInit = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;

export interface DiscoveryClientOptions {
  /** `host:port`. */
  readonly target: string;
  /** Default: insecure. */
  readonly credentials?: ChannelCredentials;
  /** The node id that the first request carries; null: it carries none. */
  readonly node: string | null;
}

/**
 * An incremental discovery client that does nothing by itself: what a rule of the protocol says about requests
 * and answers can be acted out, the wrong ways too.
 */
export class DiscoveryClient {
  readonly #client: { close(): void };
  readonly #stream: ClientDuplexStream<OrEncoded<DeltaDiscoveryRequest>, DeltaDiscoveryResponse>;
  readonly #arrived: DeltaDiscoveryResponse[] = [];
  readonly #waiting: ((response: DeltaDiscoveryResponse) => void)[] = [];
  #node: string | null;
  /** Resolves when the server has sent its headers: it has taken the stream. */
  readonly opened: Promise<void>;
  /** How the server ended the stream. */
  readonly ended: Promise<Pick<StatusObject, 'code' | 'details'>>;

  constructor(options: DiscoveryClientOptions) {
    const { target, node } = options;
    const client = createGrpcClient(AggregatedDiscoveryService, {
      target,
      credentials: options.credentials ?? credentials.createInsecure(),
    });
    this.#client = client;
    this.#node = node;
    this.#stream = client.deltaAggregatedResources();
    this.#stream.on('data', (response: DeltaDiscoveryResponse) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#arrived.push(response);
      else next(response);
    });
    this.opened = new Promise((resolve) => {
      this.#stream.once('metadata', () => resolve());
    });
    this.ended = new Promise((resolve) => {
      this.#stream.on('status', ({ code, details }: StatusObject) => resolve({ code, details }));
    });
    // The status says it too; without a listener it would be an uncaught exception.
    this.#stream.on('error', () => {});
  }

  /** Sends a request as it is given; the stream's first one gets the node added. */
  send(request: DiscoveryRequestInit): void {
    const message = create(DeltaDiscoveryRequestSchema, request);
    if (this.#node !== null) message.node = create(NodeSchema, { id: this.#node });
    this.#node = null;
    this.#stream.write(message);
  }

  subscribe(typeUrl: string, ...names: string[]): void {
    this.send({ typeUrl, resourceNamesSubscribe: names });
  }

  unsubscribe(typeUrl: string, ...names: string[]): void {
    this.send({ typeUrl, resourceNamesUnsubscribe: names });
  }

  ack({ typeUrl, nonce }: DeltaDiscoveryResponse): void {
    this.send({ typeUrl, responseNonce: nonce });
  }

  nack({ typeUrl, nonce }: DeltaDiscoveryResponse, message: string): void {
    this.send({ typeUrl, responseNonce: nonce, errorDetail: { code: 3, message } });
  }

  /** The next response, or an error after `timeoutMs`. */
  async next(timeoutMs = 3_000): Promise<DeltaDiscoveryResponse> {
    const response = await this.#nextWithin(timeoutMs);
    if (response === null) throw new Error(`no discovery response within ${timeoutMs} ms`);
    return response;
  }

  /** The next response, which is taken. */
  async nextAcked(timeoutMs?: number): Promise<DeltaDiscoveryResponse> {
    const response = await this.next(timeoutMs);
    this.ack(response);
    return response;
  }

  /** Whatever arrives within this time; a rule that forbids an answer expects none. */
  async arrivedWithin(quietMs: number): Promise<readonly DeltaDiscoveryResponse[]> {
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    return this.#arrived.splice(0);
  }

  /** Stops reading, as a proxy does that hangs. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Says that no further request comes. */
  end(): void {
    this.#stream.end();
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #nextWithin(timeoutMs: number): Promise<DeltaDiscoveryResponse | null> {
    const response = this.#arrived.shift();
    if (response !== undefined) return Promise.resolve(response);
    return new Promise((resolve) => {
      const take = (arrived: DeltaDiscoveryResponse) => {
        clearTimeout(timer);
        resolve(arrived);
      };
      const timer = setTimeout(() => {
        const index = this.#waiting.indexOf(take);
        if (index >= 0) this.#waiting.splice(index, 1);
        resolve(null);
      }, timeoutMs);
      this.#waiting.push(take);
    });
  }
}
