/** HPACK encoding (RFC 7541). What a field costs is looking it up: see entry-lookup.ts. */
import { copyBytes, equalsIgnoreCase, LOWER } from '../message/bytes.ts';
import {
  DEFAULT_TABLE_BYTES,
  DynamicTable,
  ENTRY_FIELDS,
  ENTRY_OVERHEAD,
  equalsName,
  equalsValue,
} from './dynamic-table.ts';
import { EntryLookup } from './entry-lookup.ts';
import { hashName, hashValue } from './hash-bytes.ts';
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
  /** Codes literals by Huffman where that is not longer: a quarter fewer bytes, for four times the work here and twice the peer's (benchmarks/micro/hpack.ts). */
  readonly usesHuffman?: boolean;
  /**
   * Which fields are indexed. `second-sight`: those whose hash was seen before, not long ago; ids, dates and
   * the like never push out what repeats, and secrets are never indexed (RFC 7541 section 7.1.3). `all`: as
   * the examples of RFC 7541 appendix C have it.
   */
  readonly admission?: 'second-sight' | 'all';
}

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
  /** Where the fields of the table are found. */
  readonly lookup: EntryLookup = new EntryLookup(this.#table);
  readonly #maxTableBytes: number;
  readonly #usesHuffman: boolean;
  readonly #admitsAll: boolean;
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
    this.lookup.begin();
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
    const { lookup } = this;
    const valueLength = valueEnd - valueStart;
    const size = nameEnd - nameStart + valueLength + ENTRY_OVERHEAD;
    let flags = NOT_INDEXED;
    let hash = 0;
    if (
      isSensitive ||
      (!this.#admitsAll && isSecret(nameFrom, nameStart, nameEnd - nameStart, valueLength))
    ) {
      flags = NEVER_INDEXED;
    } else if (lookup.isAt(lookup.expected, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd)) {
      return this.#indexedEntry(out, offset, lookup.expected);
    }
    const nameHash = hashName(nameFrom, nameStart, nameEnd);
    if (flags !== NEVER_INDEXED && size <= this.#table.capacity) {
      hash = hashValue(nameHash, valueFrom, valueStart, valueEnd);
      const age = lookup.find(hash, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd);
      if (age > 0) return this.#indexedEntry(out, offset, (this.#table.inserted - age) | 0);
      if (this.#admitsAll || lookup.isSighted(hash)) flags = INCREMENTAL;
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
      lookup.insert(hash, nameFrom, nameStart, nameEnd, valueFrom, valueStart, valueEnd);
    }
    return o;
  }

  /** Writes the fields that `lookup.matchRun()` found. */
  run(out: Buffer, offset: number, length: number): number {
    let o = offset;
    for (let i = 0; i < length; i++) o = this.#indexedEntry(out, o, this.lookup.expected);
    return o;
  }

  #indexedEntry(out: Buffer, offset: number, number: number): number {
    this.lookup.use(number);
    return writeInteger(out, offset, INDEXED, 0x7f, STATIC_COUNT + ((this.#table.inserted - number) | 0));
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
