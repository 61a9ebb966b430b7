import type { ClientStream, ClientStreamHandler } from '../exchange/exchange.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { BulkStreams } from './bulk-streams.ts';
import { H2Stream, type StreamLink } from './h2-stream.ts';

export interface ClientStreamLink extends StreamLink {
  readonly bulk: BulkStreams;
  /** False: it does not fit. */
  sendHead(
    stream: H2ClientStream,
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean;
}

/** The client's end of an HTTP/2 stream. */
export class H2ClientStream extends H2Stream implements ClientStream {
  handler: ClientStreamHandler | null = null;
  isReused = false;
  wasHead = false;
  /** CONNECT, or an upgrade by extended CONNECT: 2xx opens a tunnel. */
  wasConnect = false;
  hasResponse = false;
  interimCount = 0;
  /** HEADERS wait for the peer's SETTINGS (RFC 8441 section 3). */
  isHeadHeld = false;
  #isSent = false;
  readonly #connection: ClientStreamLink;

  constructor(link: ClientStreamLink) {
    super(link);
    this.#connection = link;
  }

  get events(): ClientStreamHandler | null {
    return this.handler;
  }

  protected get canSendBody(): boolean {
    return this.#isSent;
  }

  protected override get isHeld(): boolean {
    return this.isHeadHeld;
  }

  override begin(nowMs: number): void {
    super.begin(nowMs);
    this.wasHead = this.wasConnect = this.hasResponse = this.isHeadHeld = this.#isSent = false;
    this.interimCount = 0;
  }

  sendRequest(
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    if (this.isOver || this.#isSent) return true;
    if (!this.#connection.sendHead(this, head, edits, extra, isEnd)) return false;
    this.#isSent = true;
    this.wasHead = head.isHead;
    this.wasConnect = head.asksForTunnel;
    if (isEnd) this.endWithHead();
    return true;
  }

  override sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    if (!this.isOver) this.#connection.bulk.moved(this, end - start);
    return super.sendBody(buffer, start, end, isEnd);
  }
}
