/** The response side of an HTTP/1.1 connection to a client; one serves exchange after exchange. */
import type {
  AbortReason,
  ServerConnection,
  ServerStream,
  ServerStreamHandler,
} from '../exchange/exchange.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import {
  type MessageOutput,
  OUT_CHUNKED,
  OUT_LENGTH,
  OUT_NONE,
  OUT_RAW,
  type OutputFraming,
} from './message-output.ts';
import { opensTunnel, switchingLines, type TunnelRequest, tunnelRequestOf } from './tunnel-request.ts';

/** What the stream asks of its connection. */
export interface StreamHost {
  readonly isDraining: boolean;
  /** The request has been read to its end, or what is left of it has been received. */
  hasWholeRequest(): boolean;
  pauseStream(): void;
  resumeStream(): void;
  tunnelOpened(): void;
  tunnelOutputEnded(): void;
  responseEnded(): void;
  /** Closes so that no part of a response can pass for the whole (RFC 9112 section 8). */
  cut(): void;
}

const WAITING = 0;
const BODY = 1;
const TUNNEL = 2;
/** Of a tunnel, while the client still sends. */
const HALF_CLOSED = 3;
const OVER = 4;

const CLOSE = 'connection: close\r\n';
const CHUNKED = 'transfer-encoding: chunked\r\n';
const closeLine = Buffer.from(CLOSE);
const keepAliveLine = Buffer.from('connection: keep-alive\r\n');
const chunkedLine = Buffer.from(CHUNKED);
const chunkedCloseLines = Buffer.from(CHUNKED + CLOSE);
const noLengthLine = Buffer.from('content-length: 0\r\n');
const noLengthCloseLines = Buffer.from(`content-length: 0\r\n${CLOSE}`);
const noLengthKeepAliveLines = Buffer.from('content-length: 0\r\nconnection: keep-alive\r\n');

export class H1ServerStream implements ServerStream {
  handler: ServerStreamHandler | null = null;
  readonly connection: ServerConnection;
  isHeadRequest = false;
  /** No further request will be read from this client. */
  closes = false;
  tunnel: TunnelRequest | null = null;
  readonly #host: StreamHost;
  readonly #output: MessageOutput;
  #state = OVER;
  #isHttp10 = false;
  #expectsContinue = false;
  #framing: OutputFraming = OUT_NONE;
  #addsLength = false;
  #addsEncoding = false;

  constructor(connection: ServerConnection & StreamHost, output: MessageOutput) {
    this.connection = connection;
    this.#host = connection;
    this.#output = output;
  }

  get canRespond(): boolean {
    return this.#state === WAITING;
  }

  /** A request begins; null: one that could not be read. */
  begin(head: RequestHead | null): void {
    this.#state = WAITING;
    this.isHeadRequest = head?.isHead ?? false;
    this.#isHttp10 = head?.httpMinor === 0;
    this.closes = head === null || !head.keepAlive || this.#host.isDraining;
    this.#expectsContinue = head?.expectContinue ?? false;
    this.tunnel = head === null ? null : tunnelRequestOf(head);
  }

  /** The exchange is over, or the connection is: sends are dropped. */
  close(): void {
    this.#state = OVER;
  }

  sendInterim(head: ResponseHead): void {
    if (this.#state !== WAITING || this.#isHttp10) return;
    if (head.status === 100) this.#expectsContinue = false;
    this.#output.responseHead(head, null, null, null);
  }

  sendResponse(
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    if (this.#state !== WAITING) return true;
    const { tunnel } = this;
    if (tunnel !== null && opensTunnel(tunnel, head)) return this.#openTunnel(head, edits, extra, isEnd);
    this.#settleFraming(head, isEnd);
    this.#settlePersistence(head.status);
    if (!this.#output.responseHead(head, edits, extra, this.#ownLines())) return false;
    this.#output.begin(this.#framing, head.contentLength);
    this.#state = BODY;
    if (isEnd) this.sendBody(head.buffer, 0, 0, true);
    return true;
  }

  sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    const state = this.#state;
    if (state !== BODY && state !== TUNNEL) return true;
    const mayGoOn = this.#output.body(buffer, start, end, isEnd);
    if (this.#output.isBroken) {
      this.#host.cut();
      return true;
    }
    if (isEnd) this.#end(state);
    return mayGoOn;
  }

  sendTrailers(trailers: FieldSection): void {
    if (this.#state !== BODY) return;
    this.#output.trailers(trailers);
    if (this.#output.isBroken) this.#host.cut();
    else this.#end(BODY);
  }

  pause(): void {
    this.#host.pauseStream();
  }

  resume(): void {
    this.#host.resumeStream();
  }

  abort(_reason: AbortReason): void {
    if (this.#state !== OVER) this.#host.cut();
  }

  #end(state: number): void {
    this.#state = state === TUNNEL ? HALF_CLOSED : OVER;
    if (state === TUNNEL) this.#host.tunnelOutputEnded();
    else this.#host.responseEnded();
  }

  /** RFC 9112 section 6.3, as the client's version and the request's method allow. */
  #settleFraming(head: ResponseHead, isEnd: boolean): void {
    const { status } = head;
    const hasLength = head.contentLength >= 0 && head.encodingIndex < 0;
    this.#addsLength = false;
    this.#addsEncoding = false;
    if (this.#isHttp10 && head.encodingIndex >= 0) head.drop(head.encodingIndex);
    if (this.isHeadRequest || status === 204 || status === 304) {
      this.#framing = OUT_NONE;
    } else if (hasLength) this.#framing = OUT_LENGTH;
    else if (isEnd) {
      if (head.encodingIndex >= 0) head.drop(head.encodingIndex);
      this.#addsLength = true;
      this.#framing = OUT_NONE;
    } else if (this.#isHttp10) {
      this.closes = true;
      this.#framing = OUT_RAW;
    } else {
      this.#addsEncoding = head.encodingIndex < 0;
      this.#framing = OUT_CHUNKED;
    }
  }

  #settlePersistence(status: number): void {
    // The rest of the request will not come, or is not wanted: this client is not read any further.
    const mayBeUnwanted = status >= 300 || this.#expectsContinue;
    if (mayBeUnwanted && !this.closes && !this.#host.hasWholeRequest()) this.closes = true;
    // What follows a refused CONNECT may be meant for the tunnel, and must not be read as a request.
    if (this.tunnel?.isConnect === true) this.closes = true;
    if (this.#host.isDraining) this.closes = true;
  }

  #ownLines(): Buffer | null {
    const { closes } = this;
    if (this.#addsEncoding) return closes ? chunkedCloseLines : chunkedLine;
    if (this.#addsLength) {
      if (closes) return noLengthCloseLines;
      return this.#isHttp10 ? noLengthKeepAliveLines : noLengthLine;
    }
    if (closes) return closeLine;
    return this.#isHttp10 ? keepAliveLine : null;
  }

  /** 101 to an upgrade whatever it was upstream; neither it nor 2xx to CONNECT frames a body (RFC 9112 section 6.3). */
  #openTunnel(
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    const tunnel = this.tunnel!;
    if (head.lengthIndex >= 0) head.drop(head.lengthIndex);
    if (head.encodingIndex >= 0) head.drop(head.encodingIndex);
    const { status } = head;
    if (!tunnel.isConnect) head.status = 101;
    const own = tunnel.isConnect ? null : switchingLines(tunnel, head);
    const isWritten = this.#output.responseHead(head, edits, extra, own);
    head.status = status;
    if (!isWritten) return false;
    this.#output.begin(OUT_RAW, 0);
    this.#state = TUNNEL;
    this.#host.tunnelOpened();
    if (isEnd) this.sendBody(head.buffer, 0, 0, true);
    return true;
  }
}
