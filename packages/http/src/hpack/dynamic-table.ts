/**
 * The dynamic table of RFC 7541 section 2.3.2, for either direction. Entries are lines of text,
 * `name: value` CRLF, in a ring of bytes, and four numbers each in a ring: an insertion costs what its
 * bytes cost, however many entries it evicts. Memory grows with use, to twice the capacity at most:
 * a line lies in one piece, so the end of the ring may stay empty.
 */
import { LOWER } from '../message/bytes.ts';

/** RFC 9113 section 6.5.2: until other SETTINGS are acknowledged. */
export const DEFAULT_TABLE_BYTES = 4096;

/** What an entry has in `entries`: offset in `text`, name's bytes, value's bytes, and a number of the user's. */
export const ENTRY_FIELDS = 4;
/** RFC 7541 section 4.1: what an entry counts beside its bytes. */
export const ENTRY_OVERHEAD = 32;
/** `: ` and CRLF. */
export const LINE_OVERHEAD = 4;

const FIRST_TEXT_BYTES = 512;
const FIRST_ENTRIES = 16;

export class DynamicTable {
  /** In bytes as RFC 7541 section 4.1 counts them. */
  capacity: number;
  count = 0;
  /** How many were ever inserted, modulo 2^32: the number of the next entry. */
  inserted = 0;
  text: Buffer = Buffer.alloc(0);
  entries: Int32Array = new Int32Array(0);
  /** Of entry numbers, to their place in `entries`. */
  mask = -1;
  #size = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** Where in `entries` the entry of that number lies. */
  at(number: number): number {
    return (number & this.mask) * ENTRY_FIELDS;
  }

  /** Evicts what no longer fits. */
  resize(capacity: number): void {
    this.capacity = capacity;
    this.#evictTo(capacity);
  }

  /** Takes the line at `start` of `from`. False: it is larger than the table, which is empty now (RFC 7541 section 4.4). */
  insert(from: Buffer, start: number, nameLength: number, valueLength: number, note: number): boolean {
    const size = nameLength + valueLength + ENTRY_OVERHEAD;
    this.#evictTo(this.capacity - size);
    if (size > this.capacity) return false;
    const bytes = nameLength + valueLength + LINE_OVERHEAD;
    const place = this.#reserve(bytes);
    if (this.count > this.mask) this.#growEntries();
    from.copy(this.text, place, start, start + bytes);
    const at = this.at(this.inserted);
    const entries = this.entries;
    entries[at] = place;
    entries[at + 1] = nameLength;
    entries[at + 2] = valueLength;
    entries[at + 3] = note;
    this.inserted = (this.inserted + 1) | 0;
    this.count++;
    this.#size += size;
    return true;
  }

  #evictTo(size: number): void {
    while (this.#size > size && this.count > 0) {
      const at = this.at(this.inserted - this.count);
      this.#size -= this.entries[at + 1]! + this.entries[at + 2]! + ENTRY_OVERHEAD;
      this.count--;
    }
  }

  /** A place for so many bytes beside the entries that are left. */
  #reserve(bytes: number): number {
    if (this.count > 0) {
      const newest = this.at(this.inserted - 1);
      const oldest = this.entries[this.at(this.inserted - this.count)]!;
      const newestStart = this.entries[newest]!;
      const next = newestStart + this.entries[newest + 1]! + this.entries[newest + 2]! + LINE_OVERHEAD;
      if (newestStart < oldest) {
        if (next + bytes <= oldest) return next;
      } else if (next + bytes <= this.text.length) {
        return next;
      } else if (bytes <= oldest) {
        return 0;
      }
    } else if (bytes <= this.text.length) {
      return 0;
    }
    return this.#growText(bytes);
  }

  /** Moves all lines to a larger ring; gives the place after them. */
  #growText(bytes: number): number {
    const needed = bytes + this.#size;
    let length = Math.max(FIRST_TEXT_BYTES, this.text.length * 2);
    while (length < needed) length *= 2;
    const text = Buffer.allocUnsafeSlow(Math.min(length, 2 * this.capacity));
    let place = 0;
    for (let age = this.count; age > 0; age--) {
      const at = this.at(this.inserted - age);
      const start = this.entries[at]!;
      const end = start + this.entries[at + 1]! + this.entries[at + 2]! + LINE_OVERHEAD;
      this.text.copy(text, place, start, end);
      this.entries[at] = place;
      place += end - start;
    }
    this.text = text;
    return place;
  }

  #growEntries(): void {
    const length = Math.max(FIRST_ENTRIES, (this.mask + 1) * 2);
    const entries = new Int32Array(length * ENTRY_FIELDS);
    for (let age = this.count; age > 0; age--) {
      const at = this.at(this.inserted - age);
      const to = ((this.inserted - age) & (length - 1)) * ENTRY_FIELDS;
      for (let k = 0; k < ENTRY_FIELDS; k++) entries[to + k] = this.entries[at + k]!;
    }
    this.entries = entries;
    this.mask = length - 1;
  }
}

/** Is [start,end), in any case, the name of the entry at `at` of `entries`? */
export function equalsName(
  text: Buffer,
  entries: Int32Array,
  at: number,
  buffer: Buffer,
  start: number,
  end: number,
): boolean {
  if (entries[at + 1] !== end - start) return false;
  let place = entries[at]!;
  for (let i = start; i < end; i++) {
    if (text[place++] !== LOWER[buffer[i]!]) return false;
  }
  return true;
}

/** Is [start,end) its value? */
export function equalsValue(
  text: Buffer,
  entries: Int32Array,
  at: number,
  buffer: Buffer,
  start: number,
  end: number,
): boolean {
  if (entries[at + 2] !== end - start) return false;
  let place = entries[at]! + entries[at + 1]! + 2;
  for (let i = start; i < end; i++) {
    if (text[place++] !== buffer[i]) return false;
  }
  return true;
}
