import type {
  MessageError,
  ServerConnectionHandler,
  ServerStream,
  ServerStreamHandler,
} from '../../exchange/exchange.ts';
import {
  defaultHttpLimits,
  defaultServerTimeouts,
  type HttpLimits,
  type ServerTimeouts,
} from '../../exchange/limits.ts';
import { sendLocalResponse } from '../../exchange/local-response.ts';
import { MemoryTransport } from '../../h2/testing/memory-transport.ts';
import { type FieldList, fieldList, SeenEvents } from '../../h2/testing/seen-events.ts';
import type { FieldSection } from '../../message/field-section.ts';
import type { RequestHead } from '../../message/request-head.ts';
import type { TransportError } from '../../transport/transport.ts';
import { H1ServerConnection } from '../h1-server-connection.ts';
import { responseOf } from './parse.ts';

/** A request as its handler saw it, and the means to answer it. */
export class ServedRequest extends SeenEvents implements ServerStreamHandler {
  readonly stream: ServerStream;
  readonly method: string;
  readonly path: string;
  readonly fields: FieldList;
  readonly isBodiless: boolean;
  /** What else is done within an event. */
  onEvent: ((event: string) => void) | null = null;

  constructor(stream: ServerStream, head: RequestHead, isEnd: boolean) {
    super();
    this.stream = stream;
    this.method = head.method();
    this.path = head.path();
    this.fields = fieldList(head);
    this.isBodiless = isEnd;
    this.isEnded = isEnd;
  }

  override onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    super.onBody(buffer, start, end, isEnd);
    this.onEvent?.('body');
  }

  override onTrailers(trailers: FieldSection): void {
    super.onTrailers(trailers);
    this.onEvent?.('trailers');
  }

  override onAbort(failure: Parameters<ServerStreamHandler['onAbort']>[0]): void {
    super.onAbort(failure);
    this.onEvent?.('abort');
  }

  /** `text` is a head, without the empty line; an undefined body is for the head to end. */
  respond(text: string, body?: string, isEnd = true): boolean {
    const head = responseOf(headText(text), this.stream.isHeadRequest);
    const isSent = this.during(() => this.stream.sendResponse(head, null, null, body === undefined && isEnd));
    if (body !== undefined) this.send(body, isEnd);
    return isSent;
  }

  interim(text: string): void {
    this.during(() => this.stream.sendInterim(responseOf(headText(text))));
  }

  send(body: string | Buffer, isEnd = false): boolean {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    return this.during(() => this.stream.sendBody(bytes, 0, bytes.length, isEnd));
  }

  local(status: number, body = ''): void {
    this.during(() => sendLocalResponse(this.stream, status, [], body));
  }
}

/** A connection whose client is the test. */
export class H1ServerUnderTest implements ServerConnectionHandler {
  readonly transport = new MemoryTransport();
  readonly connection: H1ServerConnection;
  readonly requests: ServedRequest[] = [];
  readonly refusals: MessageError[] = [];
  /** What the client has got. */
  output = '';
  outputBytes = 0;
  keepsOutput = true;
  closes = 0;
  closeError: TransportError | null = null;
  nowMs = 1_000;
  onServe: (request: ServedRequest) => void = () => {};
  onRefuse: (stream: ServerStream, error: MessageError) => void = (stream, error) =>
    sendLocalResponse(stream, error.status, [['x-code', error.code]], '');

  constructor(limits: Partial<HttpLimits> = {}, timeouts: Partial<ServerTimeouts> = {}) {
    this.transport.onWritten = (bytes) => {
      this.outputBytes += bytes.length;
      if (this.keepsOutput) this.output += bytes.toString('latin1');
    };
    this.connection = new H1ServerConnection(this.transport, this, {
      limits: { ...defaultHttpLimits, ...limits },
      timeouts: { ...defaultServerTimeouts, ...timeouts },
      observer: { onLimit() {}, onProtocolError() {} },
      nowMs: () => this.nowMs,
    });
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const request = new ServedRequest(stream, head, isEnd);
    stream.handler = request;
    this.requests.push(request);
    this.onServe(request);
  }

  onBadRequest(stream: ServerStream | null, error: MessageError): void {
    this.refusals.push(error);
    if (stream !== null) this.onRefuse(stream, error);
  }

  onClose(error: TransportError | null): void {
    this.closes++;
    this.closeError = error;
  }

  get last(): ServedRequest {
    return this.requests.at(-1)!;
  }

  receive(text: string): void {
    this.transport.deliver(Buffer.from(text, 'latin1'));
  }

  sweep(afterMs: number): void {
    this.nowMs += afterMs;
    this.connection.onSweep(this.nowMs);
  }

  /** What came since, and from now on nothing of it. */
  take(): string {
    const { output } = this;
    this.output = '';
    return output;
  }
}

/** Lines as the tests write them: without CR and without the empty line. */
export function headText(text: string): string {
  return `${text.replaceAll('\n', '\r\n')}\r\n\r\n`;
}

/** Lets all that is put off to a later turn of the loop happen. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
