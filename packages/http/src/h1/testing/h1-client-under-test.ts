import type {
  ClientConnection,
  ClientConnectionOwner,
  ClientStream,
  ClientStreamHandler,
} from '../../exchange/exchange.ts';
import { defaultHttpLimits, type HttpLimits } from '../../exchange/limits.ts';
import { MemoryTransport } from '../../h2/testing/memory-transport.ts';
import { type FieldList, fieldList, SeenEvents } from '../../h2/testing/seen-events.ts';
import type { FieldSection } from '../../message/field-section.ts';
import type { RequestHead } from '../../message/request-head.ts';
import type { ResponseHead } from '../../message/response-head.ts';
import type { TransportError } from '../../transport/transport.ts';
import { H1ClientConnection } from '../h1-client-connection.ts';
import { headText } from './h1-server-under-test.ts';
import { requestOf } from './parse.ts';

/** A request of ours, and what came back. */
export class SentRequest extends SeenEvents implements ClientStreamHandler {
  stream!: ClientStream;
  readonly interims: number[] = [];
  status = 0;
  fields: FieldList = [];
  /** What else is done within an event. */
  onEvent: ((event: string) => void) | null = null;

  onInterim(head: ResponseHead): void {
    this.note('onInterim', false);
    this.interims.push(head.status);
  }

  onResponse(head: ResponseHead, isEnd: boolean): void {
    this.note('onResponse', isEnd);
    if (this.status !== 0) throw new Error('onResponse came twice');
    this.status = head.status;
    this.fields = fieldList(head).filter((_, i) => (head.flags[i]! & 1) === 0);
    this.onEvent?.('response');
  }

  override onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    super.onBody(buffer, start, end, isEnd);
    this.onEvent?.('body');
  }

  override onTrailers(trailers: FieldSection): void {
    super.onTrailers(trailers);
    this.onEvent?.('trailers');
  }

  override onAbort(failure: Parameters<ClientStreamHandler['onAbort']>[0]): void {
    super.onAbort(failure);
    this.onEvent?.('abort');
  }

  send(body: string | Buffer, isEnd = false): boolean {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    return this.during(() => this.stream.sendBody(bytes, 0, bytes.length, isEnd));
  }
}

/** A connection whose server is the test. */
export class H1ClientUnderTest implements ClientConnectionOwner {
  readonly transport = new MemoryTransport();
  readonly connection: H1ClientConnection;
  /** What the server has got. */
  output = '';
  /** What the owner was told, in order. */
  readonly told: string[] = [];
  closeError: TransportError | null = null;
  onTold: (what: string) => void = () => {};

  constructor(limits: Partial<HttpLimits> = {}) {
    this.transport.onWritten = (bytes) => {
      this.output += bytes.toString('latin1');
    };
    this.connection = new H1ClientConnection(this, {
      limits: { ...defaultHttpLimits, ...limits },
      observer: { onLimit() {}, onProtocolError() {} },
      nowMs: () => 0,
    });
    this.connection.transport = this.transport;
    this.transport.handler = this.connection;
  }

  onCapacity(_connection: ClientConnection): void {
    this.#note('capacity');
  }

  onRetiring(_connection: ClientConnection): void {
    this.#note('retiring');
  }

  onClosed(_connection: ClientConnection, error: TransportError | null): void {
    this.closeError = error;
    this.#note('closed');
  }

  /** Lines as headText() has them, or a head. */
  send(head: string | RequestHead = 'GET / HTTP/1.1\nHost: a', isEnd = true): SentRequest {
    const request = new SentRequest();
    request.stream = this.connection.open(request);
    const parsed = typeof head === 'string' ? requestOf(headText(head)) : head;
    request.during(() => request.stream.sendRequest(parsed, null, null, isEnd));
    return request;
  }

  receive(text: string): void {
    this.transport.deliver(Buffer.from(text, 'latin1'));
  }

  #note(what: string): void {
    this.told.push(what);
    this.onTold(what);
  }
}
