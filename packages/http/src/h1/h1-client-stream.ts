/** The request side of an HTTP/1.1 connection to a server; one serves exchange after exchange. */
import type { AbortReason, ClientStream } from '../exchange/exchange.ts';
import {
  makeWebSocketKey,
  WEBSOCKET,
  WEBSOCKET_ACCEPT,
  WEBSOCKET_KEY,
  webSocketAccept,
} from '../exchange/websocket.ts';
import { equalsIgnoreCase } from '../message/bytes.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { ByteQueue } from '../transport/byte-queue.ts';
import { releaseBlock } from '../transport/write-blocks.ts';
import { type MessageOutput, OUT_CHUNKED, OUT_LENGTH, OUT_NONE, OUT_RAW } from './message-output.ts';
import { opensTunnel, type TunnelRequest, tunnelRequestOf } from './tunnel-request.ts';

/** What the stream asks of its connection. */
export interface ClientHost {
  pauseStream(): void;
  resumeStream(): void;
  tunnelOutputEnded(): void;
  abortStream(): void;
  /** The request cannot be finished as it was announced. */
  cut(): void;
}

const UNSENT = 0;
const BODY = 1;
/** A tunnel that is not open yet: its bytes wait (RFC 9110 section 7.8). */
const ASKED = 2;
const TUNNEL = 3;
const SENT = 4;
const OVER = 5;

const chunkedLine = Buffer.from('transfer-encoding: chunked\r\n');
const noLengthLine = Buffer.from('content-length: 0\r\n');

export class H1ClientStream implements ClientStream {
  isReused = false;
  isHeadRequest = false;
  tunnel: TunnelRequest | null = null;
  /** The request came by HTTP/2, where what opens a tunnel is told otherwise. */
  cameByHttp2 = false;
  readonly #host: ClientHost;
  readonly #output: MessageOutput;
  #state = OVER;
  #early: ByteQueue | null = null;
  #isEarlyEnd = false;

  constructor(host: ClientHost, output: MessageOutput) {
    this.#host = host;
    this.#output = output;
  }

  /** The request is on its way to its end, or was refused the tunnel that it asked for. */
  get isRequestSent(): boolean {
    return this.#state === SENT;
  }

  get isUnsent(): boolean {
    return this.#state === UNSENT;
  }

  begin(isReused: boolean): void {
    this.#state = UNSENT;
    this.isReused = isReused;
    this.isHeadRequest = false;
    this.tunnel = null;
  }

  /** The exchange is over, or the connection is: sends are dropped. */
  close(): void {
    this.#state = OVER;
    this.#dropEarly();
  }

  sendRequest(
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    if (this.#state !== UNSENT) return true;
    this.isHeadRequest = head.isHead;
    this.tunnel = tunnelRequestOf(head);
    this.cameByHttp2 = head.httpMajor === 2;
    if (this.tunnel !== null) return this.#askForTunnel(head, edits, extra, this.tunnel, isEnd);
    const hasEncoding = head.encodingIndex >= 0;
    const isUnframed = !isEnd && head.contentLength < 0;
    let own: Buffer | null = null;
    if (isUnframed && !hasEncoding) own = chunkedLine;
    else if (isEnd && this.cameByHttp2 && lacksLength(head)) own = noLengthLine;
    if (isEnd && hasEncoding) head.drop(head.encodingIndex);
    if (!this.#output.requestHead(head, edits, extra, own)) return false;
    if (isEnd) this.#output.begin(OUT_NONE, 0);
    else this.#output.begin(isUnframed ? OUT_CHUNKED : OUT_LENGTH, head.contentLength);
    this.#state = isEnd ? SENT : BODY;
    return true;
  }

  sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    if (this.#state === ASKED) return this.#keepEarly(buffer, start, end, isEnd);
    if (this.#state !== BODY && this.#state !== TUNNEL) return true;
    const mayGoOn = this.#output.body(buffer, start, end, isEnd);
    if (this.#output.isBroken) {
      this.#state = OVER;
      this.#host.cut();
      return true;
    }
    if (isEnd) {
      const isTunnel = this.#state === TUNNEL;
      this.#state = SENT;
      if (isTunnel) this.#host.tunnelOutputEnded();
    }
    return mayGoOn;
  }

  sendTrailers(trailers: FieldSection): void {
    if (this.#state !== BODY) return;
    this.#output.trailers(trailers);
    this.#state = this.#output.isBroken ? OVER : SENT;
    if (this.#output.isBroken) this.#host.cut();
  }

  pause(): void {
    if (this.#state !== OVER) this.#host.pauseStream();
  }

  resume(): void {
    if (this.#state !== OVER) this.#host.resumeStream();
  }

  abort(_reason: AbortReason): void {
    if (this.#state !== OVER) this.#host.abortStream();
  }

  opensTunnel(head: ResponseHead): boolean {
    return this.tunnel !== null && opensTunnel(this.tunnel, head);
  }

  /** Does 101 answer the key that we sent? To an HTTP/2 client the field says nothing: it is dropped. */
  acceptsSwitch(head: ResponseHead): boolean {
    const key = this.tunnel?.webSocketKey ?? null;
    if (!this.cameByHttp2 || key === null) return true;
    const line = head.find(WEBSOCKET_ACCEPT);
    if (line < 0) return false;
    const isRight = head.value(line) === webSocketAccept(key);
    if (isRight) head.drop(line);
    return isRight;
  }

  /** What has waited leaves. True: the sender is owed an onDrain. */
  openTunnel(): boolean {
    const early = this.#early;
    this.#early = null;
    this.#output.begin(OUT_RAW, 0);
    this.#state = TUNNEL;
    if (early === null && !this.#isEarlyEnd) return false;
    for (let chunk = early?.shift() ?? null; chunk !== null; chunk = early?.shift() ?? null) {
      this.#output.body(chunk.bytes, chunk.start, chunk.end, false);
      if (chunk.isBlock) releaseBlock(chunk.bytes);
    }
    if (this.#isEarlyEnd) this.sendBody(chunkedLine, 0, 0, true);
    return !this.#isEarlyEnd && !this.#output.isFull;
  }

  /** Whatever waits was meant for the tunnel, and must not reach a server that reads it as a request. */
  refuseTunnel(): void {
    if (this.#state !== ASKED) return;
    this.#dropEarly();
    this.#state = SENT;
  }

  #askForTunnel(
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    tunnel: TunnelRequest,
    isEnd: boolean,
  ): boolean {
    let own = tunnel.isConnect ? '' : upgradeLines(tunnel.protocol);
    const needsKey = !tunnel.isConnect && tunnel.protocol.toLowerCase() === WEBSOCKET;
    if (needsKey && tunnel.webSocketKey === null && this.cameByHttp2) {
      const webSocketKey = makeWebSocketKey();
      this.tunnel = { ...tunnel, webSocketKey };
      own += `${WEBSOCKET_KEY}: ${webSocketKey}\r\n`;
    }
    const lines = own === '' ? null : Buffer.from(own, 'latin1');
    if (!this.#output.requestHead(head, edits, extra, lines)) return false;
    this.#state = ASKED;
    this.#isEarlyEnd = isEnd;
    return true;
  }

  #dropEarly(): void {
    this.#early?.clear();
    this.#early = null;
  }

  /** Bounded: false has the sender wait at once. */
  #keepEarly(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    this.#early ??= new ByteQueue();
    this.#early.append(buffer, start, end);
    this.#isEarlyEnd = isEnd;
    return false;
  }
}

function upgradeLines(protocol: string): string {
  return `connection: upgrade\r\nupgrade: ${protocol}\r\n`;
}

/** RFC 9110 section 8.6: where content is anticipated, its absence is said; some servers answer 411 else. */
function lacksLength(head: RequestHead): boolean {
  if (head.lengthIndex >= 0) return false;
  const length = head.methodEnd - head.methodStart;
  const at = head.methodStart;
  return (
    (length === 4 && equalsIgnoreCase(head.buffer, at, 'post')) ||
    (length === 3 && equalsIgnoreCase(head.buffer, at, 'put')) ||
    (length === 5 && equalsIgnoreCase(head.buffer, at, 'patch'))
  );
}
