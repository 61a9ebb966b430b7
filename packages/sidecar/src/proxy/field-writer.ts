import { copyBytes, FieldSection } from '@tulle/http';

const FIRST_BYTES = 512;
const COLON = 58;
const SPACE = 32;
const CR = 13;
const LF = 10;

/** Writes fields of our own, line by line, into memory that is kept from request to request. */
export class FieldWriter {
  readonly #section = new FieldSection();
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  begin(): void {
    this.#at = 0;
    this.#section.clear(this.#bytes, 0);
  }

  /** The line begins; its value follows in parts. */
  name(name: string): void {
    const section = this.#section;
    section.nameStart[section.count] = this.#at;
    this.text(name);
    section.nameEnd[section.count] = this.#at;
    this.#reserve(2);
    this.#bytes[this.#at++] = COLON;
    this.#bytes[this.#at++] = SPACE;
    section.valueStart[section.count] = this.#at;
  }

  /** ASCII. */
  text(text: string): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  bytes(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#at = copyBytes(this.#bytes, this.#at, from, start, end);
  }

  endLine(): void {
    const section = this.#section;
    section.valueEnd[section.count++] = this.#at;
    this.#reserve(2);
    this.#bytes[this.#at++] = CR;
    this.#bytes[this.#at++] = LF;
  }

  /** Whole lines that were written elsewhere. */
  lines(from: FieldSection): void {
    const section = this.#section;
    const shift = this.#at - from.linesStart;
    this.bytes(from.buffer, from.linesStart, from.linesEnd);
    for (let i = 0; i < from.count; i++) {
      const index = section.count++;
      section.nameStart[index] = from.nameStart[i]! + shift;
      section.nameEnd[index] = from.nameEnd[i]! + shift;
      section.valueStart[index] = from.valueStart[i]! + shift;
      section.valueEnd[index] = from.valueEnd[i]! + shift;
    }
  }

  /** What was written since begin(); null: nothing. Valid until the next begin(). */
  finish(): FieldSection | null {
    const section = this.#section;
    section.linesEnd = this.#at;
    section.end = this.#at;
    return section.count === 0 ? null : section;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#at + length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
    this.#section.buffer = larger;
  }
}
