import type { AbortReason } from '../../src/exchange/exchange.ts';
import type { FieldSection } from '../../src/message/field-section.ts';
import { mustHold } from './fuzz-target.ts';

/** Inputs whose first byte is below: all that happens depends on the messages alone, not on when they come. */
export const CALM_BELOW = 128;

export const ABORTS: readonly AbortReason[] = ['cancel', 'internal', 'refused', 'protocol'];
export const SIZES: readonly number[] = [0, 1, 100, 20_000, 100_000];
export const BODY: Buffer = Buffer.alloc(100_000, 'x');

/** What a message brought, without how it was cut; holds a stream to the contract of exchange.ts. */
export class Received {
  text = '';
  bytes = 0;
  hasEnded = false;
  isOver = false;
  hasBrokenOff = false;
  #isInCall = false;

  note(event: string, isEnd: boolean): void {
    mustHold(!this.#isInCall, `no ${event} from inside a call of the stream`);
    mustHold(!this.isOver, `no ${event} once the exchange is over`);
    mustHold(event === 'onDrain' || event === 'onAbort' || !this.hasEnded, `no ${event} after the end`);
    if (event === 'onAbort') {
      this.isOver = true;
      this.hasBrokenOff = true;
    }
    if (isEnd) this.hasEnded = true;
  }

  body(buffer: Buffer, start: number, end: number): void {
    mustHold(0 <= start && start <= end && end <= buffer.length, 'a body lies within its buffer');
    this.bytes += end - start;
    // Cut: what is compared need not be long.
    if (this.text.length < 4_096) this.text += buffer.toString('latin1', start, end);
  }

  /** How much came of a body that broke off depends on how it came. */
  get outcome(): string {
    return this.hasBrokenOff ? 'broken off' : `${this.text} ${this.bytes} ${this.hasEnded}`;
  }

  during<T>(call: () => T): T {
    const wasInCall = this.#isInCall;
    this.#isInCall = true;
    try {
      return call();
    } finally {
      this.#isInCall = wasInCall;
    }
  }
}

export function sectionText(section: FieldSection): string {
  let text = '';
  for (let i = 0; i < section.count; i++) text += `${section.name(i)}: ${section.value(i)}\n`;
  return text;
}
