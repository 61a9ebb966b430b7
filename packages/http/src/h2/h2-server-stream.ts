import type { ServerConnection, ServerStream, ServerStreamHandler } from '../exchange/exchange.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { H2Stream, type StreamLink } from './h2-stream.ts';

export interface ServerStreamLink extends StreamLink, ServerConnection {
  /** False: it does not fit. */
  sendHead(
    stream: H2ServerStream,
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean;
}

/** The server's end of an HTTP/2 stream. */
export class H2ServerStream extends H2Stream implements ServerStream {
  readonly connection: ServerStreamLink;
  handler: ServerStreamHandler | null = null;
  isHeadRequest = false;
  asksForTunnel = false;
  /** The request could not be read: it is answered, and what follows is discarded without events. */
  isBad = false;
  #hasResponse = false;
  #isBodiless = false;

  constructor(link: ServerStreamLink) {
    super(link);
    this.connection = link;
  }

  get events(): ServerStreamHandler | null {
    return this.isBad ? null : this.handler;
  }

  get canRespond(): boolean {
    return !this.isOver && !this.#hasResponse;
  }

  protected get canSendBody(): boolean {
    return this.#hasResponse;
  }

  protected override get isBodiless(): boolean {
    return this.#isBodiless;
  }

  override begin(nowMs: number): void {
    super.begin(nowMs);
    this.isHeadRequest = this.asksForTunnel = this.isBad = false;
    this.#hasResponse = this.#isBodiless = false;
  }

  sendInterim(head: ResponseHead): void {
    if (this.canRespond) this.connection.sendHead(this, head, null, null, false);
  }

  sendResponse(
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    if (!this.canRespond) return true;
    const { status } = head;
    const opensTunnel = this.asksForTunnel && (status === 101 || (status >= 200 && status < 300));
    if (!this.connection.sendHead(this, head, edits, extra, isEnd)) return false;
    this.#hasResponse = true;
    this.isTunnel = opensTunnel;
    this.#isBodiless = !opensTunnel && (this.isHeadRequest || status === 204 || status === 304);
    if (!isEnd) return true;
    this.endWithHead();
    return true;
  }
}
