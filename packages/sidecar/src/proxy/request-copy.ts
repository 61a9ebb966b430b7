import { type ClientStream, FieldSection, RequestHead } from '@tulle/http';

const FIRST_BODY_BYTES = 1024;
/** A copy that a large body made large is not kept. */
const MAX_SPARE_BODY_BYTES = 16 * 1024;
const MAX_SPARE = 256;

/** A request out of the codec's buffers: because it waits, or because it may have to be sent again. */
export class RequestCopy {
  readonly head: RequestHead = new RequestHead();
  httpMajor: 1 | 2 = 1;
  /** All of the request is here. */
  isEnded = false;
  isReplayed = false;
  bodyBytes = 0;
  #body: Buffer = Buffer.alloc(0);
  readonly #extra = new FieldSection();
  #hasExtra = false;
  #trailers: FieldSection | null = null;

  keepHead(head: RequestHead, isEnded: boolean): void {
    this.head.copyFrom(head);
    this.isEnded = isEnded;
    this.isReplayed = false;
    this.bodyBytes = 0;
    this.#hasExtra = false;
    this.#trailers = null;
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
    this.bodyBytes = total;
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
    this.bodyBytes = 0;
    if (this.#body.length > MAX_SPARE_BODY_BYTES) this.#body = Buffer.alloc(0);
    if (this.head.buffer.length > MAX_SPARE_BODY_BYTES) this.head.buffer = Buffer.alloc(0);
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
