/**
 * HPACK decoding (RFC 7541): a field block into a FieldSection, as lines of text. An indexed field is one
 * copy of its line, which the table holds ready. Whether the fields make a message is for
 * h2/read-*-fields.ts to say; here a block is only well compressed or not.
 */
import { copyBytes } from '../message/bytes.ts';
import { type FieldSection, FLAG_SENSITIVE, MAX_HEADER_COUNT } from '../message/field-section.ts';
import {
  DEFAULT_TABLE_BYTES,
  DynamicTable,
  ENTRY_FIELDS,
  ENTRY_OVERHEAD,
  LINE_OVERHEAD,
} from './dynamic-table.ts';
import { isFieldValue, KIND_BAD_NAME, KIND_BAD_VALUE, kindOfName } from './field-kind.ts';
import { decodeHuffman } from './huffman.ts';
import { IntegerReader } from './integers.ts';
import { STATIC_COUNT, staticEntries, staticText } from './static-table.ts';

/** The block cannot be decoded: COMPRESSION_ERROR, the connection must end (RFC 9113 section 4.3). */
export const HPACK_ERROR = 1;
/** The fields exceed the limits. The section is incomplete; the table is as the peer has it. */
export const HPACK_TOO_LARGE = 2;

export interface DecodeLimits {
  /** Name, value and 32 for each field (RFC 9113 section 6.5.2). */
  readonly maxSectionBytes: number;
  /** Pseudo-header fields included; never more than MAX_HEADER_COUNT. */
  readonly maxCount: number;
}

export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  readonly #announcedBytes: number;
  readonly #reader = new IntegerReader();
  #maxTableBytes: number;
  #mustResize = false;
  #maxSectionBytes = 0;
  /** Where the section's lines must end in its buffer. */
  #roomEnd = 0;
  #sectionBytes = 0;
  #isTooLarge = false;
  /** The offset after the name that #readName() read. */
  #nameEnd = 0;
  /**
   * Lines of the table's text that stand in the section already but are not copied yet, or -1: fields come in
   * the order in which they were inserted, so that many leave by one copy. A third of what an indexed response
   * costs (benchmarks/micro/hpack.ts).
   */
  #runStart = 0;
  #runEnd = -1;
  /** Holds the lines of a section that is too large, for the table's sake. */
  #spill: Buffer | null = null;

  /** What we announce as SETTINGS_HEADER_TABLE_SIZE. */
  constructor(announcedBytes: number) {
    this.#announcedBytes = announcedBytes;
    this.#maxTableBytes = Math.max(announcedBytes, DEFAULT_TABLE_BYTES);
  }

  /** For tests and a look from outside. */
  get table(): DynamicTable {
    return this.#table;
  }

  /** Our SETTINGS hold from now on: a larger table must be given up with the next block (RFC 7541 section 4.2). */
  onSettingsAcknowledged(): void {
    this.#maxTableBytes = this.#announcedBytes;
    this.#mustResize = this.#table.capacity > this.#announcedBytes;
  }

  /**
   * Decodes the whole block [start,end); 0, HPACK_ERROR or HPACK_TOO_LARGE. The section's lines are written
   * from `offset` of `out`, at most `limits.maxSectionBytes`, pseudo-header fields among them. A field's
   * flags hold its kind (field-kind.ts), and FLAG_SENSITIVE if it came as never-indexed.
   */
  decode(
    block: Buffer,
    start: number,
    end: number,
    section: FieldSection,
    out: Buffer,
    offset: number,
    limits: DecodeLimits,
  ): number {
    section.clear(out, offset);
    this.#maxSectionBytes = Math.min(limits.maxSectionBytes, out.length - offset);
    this.#roomEnd = offset + this.#maxSectionBytes;
    this.#sectionBytes = 0;
    this.#isTooLarge = false;
    this.#runEnd = -1;
    // A block that ended in an error left it.
    this.#spill = null;
    this.#reader.at = start;
    if (!this.#readSizeUpdates(block, end)) return HPACK_ERROR;
    while (this.#reader.at < end) {
      const byte = block[this.#reader.at]!;
      let isRead: boolean;
      if (byte >= 0x80) isRead = this.#readIndexed(block, end, section, limits);
      else if (byte >= 0x40) isRead = this.#readLiteral(block, end, section, limits, 0x3f);
      // RFC 7541 section 4.2: a size update comes first, or not at all.
      else if (byte >= 0x20) return HPACK_ERROR;
      else isRead = this.#readLiteral(block, end, section, limits, 0x0f);
      if (!isRead) return HPACK_ERROR;
    }
    this.#copyRun(section);
    this.#spill = null;
    section.end = section.linesEnd;
    return this.#isTooLarge ? HPACK_TOO_LARGE : 0;
  }

  /** RFC 7541 section 4.2: at most two, the smallest and the final size. */
  #readSizeUpdates(block: Buffer, end: number): boolean {
    const reader = this.#reader;
    for (let updates = 0; updates < 2 && reader.at < end && block[reader.at]! >> 5 === 1; updates++) {
      const capacity = reader.read(block, end, 0x1f);
      if (capacity < 0 || capacity > this.#maxTableBytes) return false;
      this.#table.resize(capacity);
      this.#mustResize = false;
    }
    return !this.#mustResize;
  }

  /** RFC 7541 section 6.1. */
  #readIndexed(block: Buffer, end: number, section: FieldSection, limits: DecodeLimits): boolean {
    const index = this.#reader.read(block, end, 0x7f);
    const table = this.#table;
    if (index <= 0 || index > STATIC_COUNT + table.count) return false;
    const isStatic = index <= STATIC_COUNT;
    const entries = isStatic ? staticEntries : table.entries;
    const at = isStatic ? index * ENTRY_FIELDS : table.at(table.inserted - (index - STATIC_COUNT));
    const nameLength = entries[at + 1]!;
    const valueLength = entries[at + 2]!;
    if (!this.#admits(section, nameLength + valueLength, limits)) return true;
    const place = entries[at]!;
    const placeEnd = place + nameLength + valueLength + LINE_OVERHEAD;
    if (isStatic) {
      this.#copyRun(section);
      copyBytes(section.buffer, section.linesEnd, staticText, place, placeEnd);
    } else if (place === this.#runEnd) {
      this.#runEnd = placeEnd;
    } else {
      this.#copyRun(section);
      this.#runStart = place;
      this.#runEnd = placeEnd;
    }
    append(section, nameLength, valueLength, entries[at + 3]!);
    return true;
  }

  /** Before the section's text is added to, and before the table's changes. */
  #copyRun(section: FieldSection): void {
    const start = this.#runStart;
    const end = this.#runEnd;
    if (end < 0) return;
    copyBytes(section.buffer, section.linesEnd - (end - start), this.#table.text, start, end);
    this.#runEnd = -1;
  }

  /** RFC 7541 sections 6.2.1 to 6.2.3; with a prefix of six bits the field is inserted. */
  #readLiteral(
    block: Buffer,
    end: number,
    section: FieldSection,
    limits: DecodeLimits,
    prefix: number,
  ): boolean {
    this.#copyRun(section);
    const first = this.#reader.at;
    const isNeverIndexed = prefix === 0x0f && (block[first]! & 0x10) !== 0;
    const out = this.#spill ?? section.buffer;
    const start = this.#spill === null ? section.linesEnd : 0;
    const room = this.#spill === null ? this.#roomEnd : out.length;
    const nameKind = this.#readName(block, end, prefix, out, start, room);
    if (nameKind < 0) return false;
    const nameEnd = this.#nameEnd;
    const valueEnd = this.#readString(block, end, out, nameEnd + 2, room);
    if (valueEnd < 0) return false;
    const nameLength = nameEnd - start;
    const valueLength = valueEnd - nameEnd - 2;
    if (valueEnd + 2 > room) {
      if (this.#spill === null) {
        this.#overflow();
        this.#reader.at = first;
        return this.#readLiteral(block, end, section, limits, prefix);
      }
      // Larger than the table: an insertion only empties it (RFC 7541 section 4.4).
      if (prefix === 0x3f) this.#table.insert(out, 0, nameLength, valueLength, 0);
      return true;
    }
    out[nameEnd] = 58;
    out[nameEnd + 1] = 32;
    out[valueEnd] = 13;
    out[valueEnd + 1] = 10;
    const isSound = nameKind === KIND_BAD_NAME || isFieldValue(out, nameEnd + 2, valueEnd);
    const kind = isSound ? nameKind : KIND_BAD_VALUE;
    if (prefix === 0x3f) this.#table.insert(out, start, nameLength, valueLength, kind);
    if (this.#admits(section, nameLength + valueLength, limits)) {
      append(section, nameLength, valueLength, isNeverIndexed ? kind | FLAG_SENSITIVE : kind);
    }
    return true;
  }

  /** Gives the name's kind, or -1. */
  #readName(block: Buffer, end: number, prefix: number, out: Buffer, start: number, room: number): number {
    const index = this.#reader.read(block, end, prefix);
    const table = this.#table;
    if (index < 0 || index > STATIC_COUNT + table.count) return -1;
    if (index === 0) {
      this.#nameEnd = this.#readString(block, end, out, start, room);
      if (this.#nameEnd < 0) return -1;
      return this.#nameEnd > room ? KIND_BAD_NAME : kindOfName(out, start, this.#nameEnd);
    }
    const isStatic = index <= STATIC_COUNT;
    const entries = isStatic ? staticEntries : table.entries;
    const at = isStatic ? index * ENTRY_FIELDS : table.at(table.inserted - (index - STATIC_COUNT));
    const place = entries[at]!;
    this.#nameEnd = start + entries[at + 1]!;
    if (this.#nameEnd > room) return KIND_BAD_NAME;
    copyBytes(out, start, isStatic ? staticText : table.text, place, place + entries[at + 1]!);
    const kind = entries[at + 3]!;
    return kind === KIND_BAD_VALUE ? kindOfName(out, start, this.#nameEnd) : kind;
  }

  /** RFC 7541 section 5.2. Gives the offset after it in `out`, -1 for an error; beyond `room` nothing is written. */
  #readString(block: Buffer, end: number, out: Buffer, offset: number, room: number): number {
    const reader = this.#reader;
    const isHuffman = reader.at < end && block[reader.at]! >= 0x80;
    const length = reader.read(block, end, 0x7f);
    if (length < 0 || length > end - reader.at) return -1;
    const start = reader.at;
    reader.at += length;
    if (isHuffman) return decodeHuffman(block, start, start + length, out, offset, room);
    if (offset + length <= room) copyBytes(out, offset, block, start, start + length);
    return offset + length;
  }

  /** May a field of so many bytes join the section? Once one may not, none does. */
  #admits(section: FieldSection, bytes: number, limits: DecodeLimits): boolean {
    if (this.#isTooLarge) return false;
    this.#sectionBytes += bytes + ENTRY_OVERHEAD;
    const fits =
      this.#sectionBytes <= this.#maxSectionBytes &&
      section.count < limits.maxCount &&
      section.count < MAX_HEADER_COUNT;
    if (!fits) this.#overflow();
    return fits;
  }

  #overflow(): void {
    this.#isTooLarge = true;
    this.#spill = Buffer.allocUnsafe(this.#table.capacity);
  }
}

/** Takes the line that stands at the section's end among its fields. */
function append(section: FieldSection, nameLength: number, valueLength: number, flags: number): void {
  const index = section.count++;
  const start = section.linesEnd;
  const nameEnd = start + nameLength;
  const valueEnd = nameEnd + 2 + valueLength;
  section.nameStart[index] = start;
  section.nameEnd[index] = nameEnd;
  section.valueStart[index] = nameEnd + 2;
  section.valueEnd[index] = valueEnd;
  section.flags[index] = flags;
  section.linesEnd = valueEnd + 2;
}
