/**
 * HPACK encoding (RFC 7541). What a field costs is looking it up: a hash over its bytes into slots that hold
 * numbers of table entries. Slots are lossy: one that is overwritten only means a longer encoding.
 */
import { copyBytes, equalsIgnoreCase, LOWER } from '../message/bytes.ts';
import {
  DynamicTable,
  ENTRY_FIELDS,
  ENTRY_OVERHEAD,
  equalsName,
  equalsValue,
  LINE_OVERHEAD,
} from './dynamic-table.ts';
import { hashName, hashValue } from './hash-bytes.ts';
import { DEFAULT_TABLE_BYTES } from './hpack-decoder.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { MAX_INTEGER_BYTES, writeInteger } from './integers.ts';
import { STATIC_COUNT, staticEntries, staticIndexOfHash, staticText } from './static-table.ts';

/** What a field takes at most beside the bytes of its name and value. */
export const FIELD_OVERHEAD: number = 3 * MAX_INTEGER_BYTES;
/** What begin() takes at most. */
export const BEGIN_BYTES: number = 2 * MAX_INTEGER_BYTES;

export interface HpackEncoderOptions {
  /** The most that we use of what the peer allows. */
  readonly maxTableBytes?: number;
  /** Codes literals by Huffman where that is not longer: a fifth fewer bytes, for ten times their cost (benchmarks/micro/hpack.ts). */
  readonly usesHuffman?: boolean;
  /**
   * Which fields are indexed. `second-sight`: those whose hash was seen before, not long ago; ids, dates and
   * the like never push out what repeats, and secrets are never indexed (RFC 7541 section 7.1.3). `all`: as
   * the examples of RFC 7541 appendix C have it.
   */
  readonly admission?: 'second-sight' | 'all';
}

/** Twice the entries of a table of 4096 bytes at 64 bytes an entry. */
const SLOTS = 128;
const PROBES = 4;
/** Hashes that are remembered for the second sight: sets of four, newest first, so that hot ones do not drive each other out. */
const SIGHT_SETS = 64;
const SIGHT_WAYS = 4;

/** RFC 7541 section 7.1.3: a short secret could be guessed by watching lengths; nghttp2 draws the line here too. */
const MIN_INDEXED_COOKIE_BYTES = 20;

const IDENTITY = Uint8Array.from({ length: 256 }, (_, i) => i);

const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const NOT_INDEXED = 0x00;

export class HpackEncoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  readonly #maxTableBytes: number;
  readonly #usesHuffman: boolean;
  readonly #admitsAll: boolean;
  readonly #slots = new Int32Array(SLOTS);
  readonly #sights = new Int32Array(SIGHT_SETS * SIGHT_WAYS);
  /**
   * The entry that the next field is looked for in before its bytes are hashed: the one behind the entry found
   * last, since messages have their fields in the order in which those before them were inserted. A third less for
   * a request (benchmarks/micro/hpack.ts).
   */
  #expected = 0;
  /** The first entry that was found in this block: with it the next block begins. */
  #first = 0;
  #isFirst = true;
  /** Size updates that the next block begins with; -1 for none. */
  #smallestTableBytes = -1;
  #finalTableBytes = -1;

  constructor(options: HpackEncoderOptions = {}) {
    this.#maxTableBytes = options.maxTableBytes ?? DEFAULT_TABLE_BYTES;
    this.#usesHuffman = options.usesHuffman ?? false;
    this.#admitsAll = options.admission === 'all';
    this.setMaxTableBytes(DEFAULT_TABLE_BYTES);
  }

  /** For tests and a look from outside. */
  get table(): DynamicTable {
    return this.#table;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: the next block says what becomes of the table (RFC 7541 section 4.2). */
  setMaxTableBytes(allowedBytes: number): void {
    const bytes = Math.min(allowedBytes, this.#maxTableBytes);
    if (this.#finalTableBytes < 0 && bytes === this.#table.capacity) return;
    const isSmallest = this.#finalTableBytes < 0 || bytes < this.#smallestTableBytes;
    if (isSmallest) this.#smallestTableBytes = bytes;
    this.#finalTableBytes = bytes;
  }

  /**
   * Begins a block at `offset` of `out`; gives the offset after. From here to its last field a block must be
   * written and sent, or the peer's table is another: make sure of the room first, BEGIN_BYTES, and for each
   * field its bytes and FIELD_OVERHEAD.
   */
  begin(out: Buffer, offset: number): number {
    this.#expected = this.#first;
    this.#isFirst = true;
    if (this.#finalTableBytes < 0) return offset;
    let o = offset;
    if (this.#smallestTableBytes < this.#finalTableBytes) {
      this.#table.resize(this.#smallestTableBytes);
      o = writeInteger(out, o, SIZE_UPDATE, 0x1f, this.#smallestTableBytes);
    }
    this.#table.resize(this.#finalTableBytes);
    o = writeInteger(out, o, SIZE_UPDATE, 0x1f, this.#finalTableBytes);
    this.#finalTableBytes = -1;
    return o;
  }

  /** A whole field of the static table. */
  indexed(out: Buffer, offset: number, staticIndex: number): number {
    out[offset] = INDEXED | staticIndex;
    return offset + 1;
  }

  /**
   * Writes the field with the name [nameStart,nameEnd), in any case, and the value [valueStart,valueEnd);
   * gives the offset after. Nine plain parameters: an options object would be garbage per field.
   */
  field(
    out: Buffer,
    offset: number,
    nameFrom: Buffer,
    nameStart: number,
    nameEnd: number,
    valueFrom: Buffer,
    valueStart: number,
    valueEnd: number,
    isSensitive: boolean,
  ): number {
    const valueLength = valueEnd - valueStart;
    const size = nameEnd - nameStart + valueLength + ENTRY_OVERHEAD;
    let flags = NOT_INDEXED;
    let hash = 0;
    if (
      isSensitive ||
      (!this.#admitsAll && isSecret(nameFrom, nameStart, nameEnd - nameStart, valueLength))
    ) {
      flags = NEVER_INDEXED;
    } else if (this.#isAt(this.#expected, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd)) {
      return this.#indexedEntry(out, offset, this.#expected);
    }
    const nameHash = hashName(nameFrom, nameStart, nameEnd);
    if (flags !== NEVER_INDEXED && size <= this.#table.capacity) {
      hash = hashValue(nameHash, valueFrom, valueStart, valueEnd);
      for (let probe = 0; probe < PROBES; probe++) {
        const number = this.#slots[(hash + probe) & (SLOTS - 1)]!;
        if (this.#isAt(number, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd)) {
          return this.#indexedEntry(out, offset, number);
        }
      }
      if (this.#admits(hash)) flags = INCREMENTAL;
    }
    const nameIndex = staticIndexOfHash(nameHash, nameFrom, nameStart, nameEnd);
    if (flags !== NEVER_INDEXED && nameIndex > 0) {
      const index = staticIndexOf(nameIndex, valueFrom, valueStart, valueEnd);
      if (index > 0) return writeInteger(out, offset, INDEXED, 0x7f, index);
    }
    let o = writeInteger(out, offset, flags, flags === INCREMENTAL ? 0x3f : 0x0f, nameIndex);
    if (nameIndex === 0) o = this.#string(out, o, nameFrom, nameStart, nameEnd, LOWER);
    o = this.#string(out, o, valueFrom, valueStart, valueEnd, IDENTITY);
    if (flags === INCREMENTAL) {
      this.#insert(hash, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd);
    }
    return o;
  }

  /** Is the field the entry of that number? */
  #isAt(
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

  #indexedEntry(out: Buffer, offset: number, number: number): number {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#first = number;
    }
    this.#expected = (number + 1) | 0;
    return writeInteger(out, offset, INDEXED, 0x7f, STATIC_COUNT + ((this.#table.inserted - number) | 0));
  }

  #admits(hash: number): boolean {
    if (this.#admitsAll) return true;
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

  #insert(
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

  /** RFC 7541 section 5.2. */
  #string(out: Buffer, offset: number, from: Buffer, start: number, end: number, fold: Uint8Array): number {
    if (this.#usesHuffman && start < end) {
      const length = huffmanLength(from, start, end, fold);
      if (length <= end - start) {
        return encodeHuffman(out, writeInteger(out, offset, 0x80, 0x7f, length), from, start, end, fold);
      }
    }
    let o = writeInteger(out, offset, 0, 0x7f, end - start);
    if (fold === IDENTITY) return copyBytes(out, o, from, start, end);
    for (let i = start; i < end; i++) out[o++] = fold[from[i]!]!;
    return o;
  }
}

/** Fields that hold secrets, whoever sends them. */
function isSecret(name: Buffer, at: number, nameLength: number, valueLength: number): boolean {
  switch (nameLength) {
    case 6:
      return valueLength < MIN_INDEXED_COOKIE_BYTES && equalsIgnoreCase(name, at, 'cookie');
    case 10:
      return equalsIgnoreCase(name, at, 'set-cookie');
    case 13:
      return equalsIgnoreCase(name, at, 'authorization');
    case 19:
      return equalsIgnoreCase(name, at, 'proxy-authorization');
    default:
      return false;
  }
}

/** The entry with that value among those of a name, which stand together from `nameIndex` on; 0 without one. */
function staticIndexOf(nameIndex: number, value: Buffer, start: number, end: number): number {
  const nameStart = staticEntries[nameIndex * ENTRY_FIELDS]!;
  const nameEnd = nameStart + staticEntries[nameIndex * ENTRY_FIELDS + 1]!;
  let at = nameIndex * ENTRY_FIELDS;
  do {
    if (equalsValue(staticText, staticEntries, at, value, start, end)) return at / ENTRY_FIELDS;
    at += ENTRY_FIELDS;
  } while (equalsName(staticText, staticEntries, at, staticText, nameStart, nameEnd));
  return 0;
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
