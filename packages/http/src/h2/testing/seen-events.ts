import type { StreamFailure } from '../../exchange/exchange.ts';
import type { FieldSection } from '../../message/field-section.ts';

export type FieldList = [name: string, value: string][];

export function fieldList(section: FieldSection): FieldList {
  return Array.from({ length: section.count }, (_, i) => [section.name(i), section.value(i)]);
}

/** What a stream told its handler; fails the test where it breaks the contract of exchange.ts. */
export class SeenEvents {
  /** Payload in latin1, unless `keepsBody` is false. */
  body = '';
  bodyBytes = 0;
  keepsBody = true;
  trailers: FieldList | null = null;
  failure: StreamFailure | null = null;
  isEnded = false;
  drains = 0;
  #isInCall = false;

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.note('onBody', isEnd);
    if (start < 0 || start > end || end > buffer.length) throw new RangeError(`body of [${start},${end})`);
    this.bodyBytes += end - start;
    if (this.keepsBody) this.body += buffer.toString('latin1', start, end);
  }

  onTrailers(trailers: FieldSection): void {
    this.note('onTrailers', true);
    this.trailers = fieldList(trailers);
  }

  onDrain(): void {
    this.note('onDrain', false);
    this.drains++;
  }

  onAbort(failure: StreamFailure): void {
    if (this.failure !== null) throw new Error('onAbort came twice');
    if (this.#isInCall) throw new Error('onAbort came from inside a call of the stream');
    this.failure = failure;
  }

  note(event: string, isEnd: boolean): void {
    if (this.#isInCall) throw new Error(`${event} came from inside a call of the stream`);
    if (this.failure !== null) throw new Error(`${event} came after onAbort`);
    if (event !== 'onDrain' && this.isEnded) throw new Error(`${event} came after the end`);
    if (isEnd) this.isEnded = true;
  }

  /** Calls the stream; no event may come meanwhile. */
  during<T>(call: () => T): T {
    this.#isInCall = true;
    try {
      return call();
    } finally {
      this.#isInCall = false;
    }
  }
}
