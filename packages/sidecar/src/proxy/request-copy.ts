import {
  type ClientStream,
  copyBytes,
  FieldSection,
  FLAG_HOP_BY_HOP,
  MAX_HEADER_COUNT,
  memoryAccount,
  parseRequestHead,
  RequestHead,
} from '@tulle/http';

const FIRST_BODY_BYTES = 1024;
/** A copy that a large body made large is not kept. */
const MAX_SPARE_BODY_BYTES = 16 * 1024;
const MAX_SPARE = 256;
const TEXT_GRANULE_BYTES = 512;
/** The codec has accepted it. */
const noLimits = { maxHeadBytes: 2 ** 30, maxHeaderCount: MAX_HEADER_COUNT, maxTargetBytes: 2 ** 30 };

/** A request out of the codec's buffers: because it waits, or because it may have to be sent again. */
export class RequestCopy {
  httpMajor: 1 | 2 = 1;
  /** All of the request is here. */
  isEnded = false;
  bodyBytes = 0;
  #body: Buffer = Buffer.alloc(0);
  readonly #head = new RequestHead();
  /** Of HTTP/1.1: kept as text, and read again only where it is used, which is rare (`one-hop-h1`). */
  #text: Buffer = Buffer.alloc(0);
  #textBytes = 0;
  #hasUpgrade = false;
  /** Lines that are not forwarded: reading the text again does not tell of all. */
  readonly #dropped = new Uint8Array(MAX_HEADER_COUNT);
  #droppedCount = 0;
  readonly #extra = new FieldSection();
  #hasExtra = false;
  #trailers: FieldSection | null = null;

  keepHead(head: RequestHead, isEnded: boolean): void {
    if (head.httpMajor === 1) this.#keepText(head);
    else {
      this.#head.copyFrom(head);
      this.#textBytes = 0;
    }
    this.isEnded = isEnded;
    this.#countBody(0);
    this.#hasExtra = false;
    this.#trailers = null;
  }

  get head(): RequestHead {
    const head = this.#head;
    if (this.#textBytes === 0) return head;
    const after = parseRequestHead(head, this.#text, 0, this.#textBytes, noLimits);
    if (after !== this.#textBytes) throw new Error('a head that was accepted is not accepted again');
    this.#textBytes = 0;
    head.hasUpgrade = this.#hasUpgrade;
    for (let i = 0; i < this.#droppedCount; i++) head.drop(this.#dropped[i]!);
    return head;
  }

  /** Fields of our own, as they were sent. */
  keepFields(extra: FieldSection | null): void {
    this.#hasExtra = extra !== null;
    if (extra !== null) this.#extra.copyFrom(extra);
  }

  /** False: the body is longer than `limitBytes`, and the copy is of no more use. */
  keepBody(buffer: Buffer, start: number, end: number, isEnd: boolean, limitBytes: number): boolean {
    const total = this.bodyBytes + end - start;
    if (total > limitBytes) return false;
    if (this.#body.length < total) {
      const larger = Buffer.allocUnsafeSlow(Math.max(total, 2 * this.#body.length, FIRST_BODY_BYTES));
      this.#body.copy(larger, 0, 0, this.bodyBytes);
      this.#body = larger;
    }
    buffer.copy(this.#body, this.bodyBytes, start, end);
    this.#countBody(total);
    this.isEnded = isEnd;
    return true;
  }

  keepTrailers(trailers: FieldSection): void {
    this.#trailers = new FieldSection();
    this.#trailers.copyFrom(trailers);
    this.isEnded = true;
  }

  /** Sends all that is here; false: the head does not fit. */
  send(upstream: ClientStream): boolean {
    const { head, isEnded, bodyBytes } = this;
    const trailers = this.#trailers;
    const endsWithBody = isEnded && trailers === null;
    const extra = this.#hasExtra ? this.#extra : null;
    if (!upstream.sendRequest(head, null, extra, endsWithBody && bodyBytes === 0)) return false;
    if (bodyBytes > 0) upstream.sendBody(this.#body, 0, bodyBytes, endsWithBody);
    if (trailers !== null) upstream.sendTrailers(trailers);
    return true;
  }

  /** Lets go of memory that a spare copy need not hold. */
  trim(): void {
    this.#trailers = null;
    this.#countBody(0);
    if (this.#body.length > MAX_SPARE_BODY_BYTES) this.#body = Buffer.alloc(0);
    if (this.#head.buffer.length > MAX_SPARE_BODY_BYTES) this.#head.buffer = Buffer.alloc(0);
    if (this.#text.length > MAX_SPARE_BODY_BYTES) this.#text = Buffer.alloc(0);
  }

  #countBody(bytes: number): void {
    memoryAccount.bufferedBytes += bytes - this.bodyBytes;
    this.bodyBytes = bytes;
  }

  #keepText(head: RequestHead): void {
    const { start, end } = head;
    if (this.#text.length < end - start) {
      this.#text = Buffer.allocUnsafeSlow(Math.ceil((end - start) / TEXT_GRANULE_BYTES) * TEXT_GRANULE_BYTES);
    }
    this.#textBytes = copyBytes(this.#text, 0, head.buffer, start, end);
    this.#hasUpgrade = head.hasUpgrade;
    this.#droppedCount = 0;
    if (head.droppedCount === 0) return;
    for (let i = 0; i < head.count; i++) {
      if ((head.flags[i]! & FLAG_HOP_BY_HOP) !== 0) this.#dropped[this.#droppedCount++] = i;
    }
  }
}

/** Copies, used again and again: one is taken for nearly every request between sidecars. */
export class RequestCopies {
  /** Beyond it a request is not sent again. */
  readonly maxReplayBytes: number;
  readonly #spare: RequestCopy[] = [];

  constructor(maxReplayBytes: number) {
    this.maxReplayBytes = maxReplayBytes;
  }

  take(): RequestCopy {
    return this.#spare.pop() ?? new RequestCopy();
  }

  release(copy: RequestCopy): void {
    copy.trim();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(copy);
  }
}
