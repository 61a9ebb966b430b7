/**
 * Finds fields in an encoder's dynamic table, and decides which enter it. The slots of hashes are lossy: one that
 * is overwritten only means a longer encoding.
 */
import { copyBytes, LOWER } from '../message/bytes.ts';
import type { FieldSection } from '../message/field-section.ts';
import {
  DEFAULT_TABLE_BYTES,
  type DynamicTable,
  equalsName,
  equalsValue,
  LINE_OVERHEAD,
} from './dynamic-table.ts';

/** Twice the entries of a table of 4096 bytes at 64 bytes an entry. */
const SLOTS = 128;
const PROBES = 4;
/** Fewer fields are compared sooner one by one: Buffer.compare() has a price. */
const MIN_RUN = 3;
/** Hashes that are remembered for the second sight: sets of four, newest first, so that hot ones do not drive each other out. */
const SIGHT_SETS = 64;
const SIGHT_WAYS = 4;

export class EntryLookup {
  /**
   * The entry that the next field is looked for in before its bytes are hashed: the one behind the entry found
   * last, since messages have their fields in the order in which those before them were inserted. A quarter
   * less for a request (benchmarks/micro/hpack.ts).
   */
  expected = 0;
  readonly #table: DynamicTable;
  readonly #slots = new Int32Array(SLOTS);
  readonly #sights = new Int32Array(SIGHT_SETS * SIGHT_WAYS);
  /** The first entry that was found in this block: with it the next block begins. */
  #first = 0;
  #isFirst = true;
  /** A comparison in this block was for nothing: no more of them. */
  #hasMissed = false;

  constructor(table: DynamicTable) {
    this.#table = table;
  }

  /** A block begins. */
  begin(): void {
    this.expected = this.#first;
    this.#isFirst = true;
    this.#hasMissed = false;
  }

  /** The entry of that number is used. */
  use(number: number): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#first = number;
    }
    this.expected = (number + 1) | 0;
  }

  /** Is the field the entry of that number? */
  isAt(
    number: number,
    nameFrom: Buffer,
    nameStart: number,
    nameEnd: number,
    valueFrom: Buffer,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const table = this.#table;
    const age = (table.inserted - number) | 0;
    if (age <= 0 || age > table.count) return false;
    const { entries, text } = table;
    const at = table.at(number);
    return (
      equalsName(text, entries, at, nameFrom, nameStart, nameEnd) &&
      equalsValue(text, entries, at, valueFrom, valueStart, valueEnd)
    );
  }

  /** How many insertions ago the field was inserted; 0 where it is not found. */
  find(
    hash: number,
    nameFrom: Buffer,
    nameStart: number,
    nameEnd: number,
    valueFrom: Buffer,
    valueStart: number,
    valueEnd: number,
  ): number {
    for (let probe = 0; probe < PROBES; probe++) {
      const number = this.#slots[(hash + probe) & (SLOTS - 1)]!;
      if (this.isAt(number, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd)) {
        return (this.#table.inserted - number) | 0;
      }
    }
    return 0;
  }

  /**
   * How many of the section's fields from `index` on are, in a row, the entries from the expected one on: by one
   * comparison of their bytes, where the lines lie in both as HTTP/2 has them. A quarter less for a request that
   * came by HTTP/2 (benchmarks/micro/hpack.ts). 0: look them up one by one.
   */
  matchRun(section: FieldSection, index: number): number {
    const table = this.#table;
    const { entries, text } = table;
    const age = (table.inserted - this.expected) | 0;
    if (this.#hasMissed || age <= 0 || age > table.count) return 0;
    const start = entries[table.at(this.expected)]!;
    const from = section.nameStart[index]!;
    if (text[start] !== section.buffer[from]) return 0;
    const most = Math.min(age, section.count - index);
    let place = start;
    let length = 0;
    while (
      length < most &&
      isLineOf(
        section,
        index + length,
        from + place - start,
        entries,
        table.at(this.expected + length),
        place,
      )
    ) {
      const at = table.at(this.expected + length);
      place += entries[at + 1]! + entries[at + 2]! + LINE_OVERHEAD;
      length++;
    }
    if (length < MIN_RUN) return 0;
    if (section.buffer.compare(text, start, place, from, from + place - start) === 0) return length;
    this.#hasMissed = true;
    return 0;
  }

  /** Was the hash seen before, not long ago? From now on it was. */
  isSighted(hash: number): boolean {
    const sights = this.#sights;
    const first = ((hash >>> 8) & (SIGHT_SETS - 1)) * SIGHT_WAYS;
    for (let i = first; i < first + SIGHT_WAYS; i++) {
      if (sights[i] === hash) return true;
    }
    sights[first + 3] = sights[first + 2]!;
    sights[first + 2] = sights[first + 1]!;
    sights[first + 1] = sights[first]!;
    sights[first] = hash;
    return false;
  }

  insert(
    hash: number,
    nameFrom: Buffer,
    nameStart: number,
    nameEnd: number,
    valueFrom: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const number = this.#table.inserted;
    const line = lineOf(nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd);
    if (!this.#table.insert(line, 0, nameEnd - nameStart, valueEnd - valueStart, hash)) return;
    // A free slot, else the oldest entry's.
    let chosen = hash & (SLOTS - 1);
    let chosenAge = 0;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      const age = (number - this.#slots[slot]!) >>> 0;
      if (age <= chosenAge) continue;
      chosen = slot;
      chosenAge = age;
    }
    this.#slots[chosen] = number;
  }
}

/** Is the field a line at `place` of its buffer, as long as the entry at `at`, whose text is at `entryPlace`? */
function isLineOf(
  section: FieldSection,
  index: number,
  place: number,
  entries: Int32Array,
  at: number,
  entryPlace: number,
): boolean {
  const nameLength = entries[at + 1]!;
  const nameEnd = place + nameLength;
  return (
    entries[at] === entryPlace &&
    section.flags[index] === 0 &&
    section.nameStart[index] === place &&
    section.nameEnd[index] === nameEnd &&
    section.valueStart[index] === nameEnd + 2 &&
    section.valueEnd[index] === nameEnd + 2 + entries[at + 2]! &&
    // TE is not passed on as it is.
    nameLength !== 2
  );
}

let lineBuffer = Buffer.allocUnsafeSlow(DEFAULT_TABLE_BYTES);

/** The line as the table wants it, valid until the next call. */
function lineOf(
  nameFrom: Buffer,
  nameStart: number,
  nameEnd: number,
  valueFrom: Buffer,
  valueStart: number,
  valueEnd: number,
): Buffer {
  const length = nameEnd - nameStart + valueEnd - valueStart + LINE_OVERHEAD;
  if (length > lineBuffer.length) lineBuffer = Buffer.allocUnsafeSlow(length);
  let o = 0;
  for (let i = nameStart; i < nameEnd; i++) lineBuffer[o++] = LOWER[nameFrom[i]!]!;
  lineBuffer[o++] = 58;
  lineBuffer[o++] = 32;
  o = copyBytes(lineBuffer, o, valueFrom, valueStart, valueEnd);
  lineBuffer[o++] = 13;
  lineBuffer[o] = 10;
  return lineBuffer;
}
