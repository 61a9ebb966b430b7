import type {
  ClientConnection,
  ClientConnectionOwner,
  ClientStream,
  ClientStreamHandler,
} from '../../exchange/exchange.ts';
import { defaultHttpLimits, type H2Limits, type HttpLimits, type LimitName } from '../../exchange/limits.ts';
import { requestOf } from '../../h1/testing/parse.ts';
import type { ResponseHead } from '../../message/response-head.ts';
import type { TransportError } from '../../transport/transport.ts';
import { H2ClientConnection } from '../h2-client-connection.ts';
import { MemoryTransport } from './memory-transport.ts';
import type { Fields } from './raw-frames.ts';
import { memoryPeer, type RawPeer } from './raw-peer.ts';
import { type FieldList, fieldList, SeenEvents } from './seen-events.ts';
import { fieldSection } from './server-under-test.ts';

/** A request of ours, and what came back. */
export class ClientExchange extends SeenEvents implements ClientStreamHandler {
  stream!: ClientStream;
  readonly interims: number[] = [];
  status = 0;
  fields: FieldList = [];

  onInterim(head: ResponseHead): void {
    this.note('onInterim', false);
    if (this.status !== 0) throw new Error('onInterim came after onResponse');
    this.interims.push(head.status);
  }

  onResponse(head: ResponseHead, isEnd: boolean): void {
    this.note('onResponse', isEnd);
    if (this.status !== 0) throw new Error('onResponse came twice');
    this.status = head.status;
    this.fields = fieldList(head);
  }

  send(body: string | Buffer, isEnd = false): boolean {
    const bytes = Buffer.from(body as string);
    return this.during(() => this.stream.sendBody(bytes, 0, bytes.length, isEnd));
  }

  sendTrailers(fields: Fields): void {
    this.during(() => this.stream.sendTrailers(fieldSection(fields)));
  }

  abort(reason: Parameters<ClientStream['abort']>[0] = 'cancel'): void {
    this.during(() => this.stream.abort(reason));
  }
}

/** The connection over memory with a raw peer as the server. */
export class ClientUnderTest implements ClientConnectionOwner {
  readonly transport = new MemoryTransport();
  readonly peer: RawPeer;
  readonly connection: H2ClientConnection;
  readonly limitsHit: LimitName[] = [];
  readonly protocolErrors: number[] = [];
  capacities = 0;
  retirings = 0;
  closes = 0;
  nowMs = 1000;

  constructor(h2: Partial<H2Limits> = {}, more: Partial<HttpLimits> = {}) {
    this.peer = memoryPeer(this.transport, true);
    this.connection = new H2ClientConnection(this, {
      limits: { ...defaultHttpLimits, ...more, h2: { ...defaultHttpLimits.h2, ...h2 } },
      observer: {
        onLimit: (name) => this.limitsHit.push(name),
        onProtocolError: (code) => this.protocolErrors.push(code),
      },
      nowMs: () => this.nowMs,
    });
    this.connection.transport = this.transport;
    this.transport.handler = this.connection;
  }

  /** With SETTINGS exchanged, those of the server being `entries`. */
  static async ready(
    entries: Parameters<RawPeer['handshake']>[0] = [],
    ...args: ConstructorParameters<typeof ClientUnderTest>
  ): Promise<ClientUnderTest> {
    const client = new ClientUnderTest(...args);
    client.connection.onConnect();
    await client.peer.handshake(entries);
    return client;
  }

  sweep(passedMs: number): void {
    this.nowMs += passedMs;
    this.connection.onSweep(this.nowMs);
  }

  /** Sends a request; a body may follow unless it has ended. */
  request(
    method = 'GET',
    { path = '/', fields = [] as Fields, isEnd = method !== 'POST' } = {},
  ): ClientExchange {
    const exchange = new ClientExchange();
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const framing = isEnd || method === 'CONNECT' ? '' : 'Transfer-Encoding: chunked\r\n';
    const head = requestOf(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n${lines}${framing}\r\n`);
    exchange.stream = this.connection.open(exchange);
    const isSent = exchange.during(() => exchange.stream.sendRequest(head, null, null, isEnd));
    if (!isSent) throw new Error('the request does not fit');
    return exchange;
  }

  onCapacity(_connection: ClientConnection): void {
    this.capacities++;
  }

  onRetiring(_connection: ClientConnection): void {
    this.retirings++;
  }

  onClosed(_connection: ClientConnection, _error: TransportError | null): void {
    this.closes++;
  }
}
