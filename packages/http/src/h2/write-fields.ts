/** What writing requests, responses and trailers as HTTP/2 fields has in common. */
import { assertLine, assertPath } from '../h1/write-head.ts';
import { BEGIN_BYTES, FIELD_OVERHEAD, type HpackEncoder } from '../hpack/hpack-encoder.ts';
import { equalsIgnoreCase } from '../message/bytes.ts';
import {
  type FieldSection,
  FLAG_ENCODING,
  FLAG_HOP_BY_HOP,
  FLAG_HOST,
  FLAG_SENSITIVE,
} from '../message/field-section.ts';
import { type HeadEdits, removedNames } from '../message/head-edits.ts';

/** Of HTTP/1.1 alone, or told by a pseudo-header field. */
const FLAGS_DROPPED = FLAG_HOP_BY_HOP | FLAG_ENCODING | FLAG_HOST;

/** Pseudo-header fields, TE, and their values where the head has none of its own. */
const MARGIN_BYTES: number = BEGIN_BYTES + 6 * FIELD_OVERHEAD + 128;

/** What a block with these fields takes at most: a block that was begun cannot be given up. */
export function roomForFields(
  section: FieldSection,
  edits: HeadEdits | null,
  extra: FieldSection | null,
): number {
  let bytes = MARGIN_BYTES + section.end - section.start + section.count * FIELD_OVERHEAD;
  if (extra !== null) bytes += extra.linesEnd - extra.linesStart + extra.count * FIELD_OVERHEAD;
  if (edits === null) return bytes;
  bytes += edits.path?.length ?? 0;
  for (const [name, value] of edits.set) bytes += name.length + value.length + FIELD_OVERHEAD;
  for (const [name, value] of edits.add) bytes += name.length + value.length + FIELD_OVERHEAD;
  return bytes;
}

/**
 * Writes the fields that are passed on; gives the offset after. TE is not: it is told by `hasTeTrailers`. `mayRun`:
 * the lines are as HTTP/2 has them, and may be found several at once.
 */
export function writeKeptFields(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  section: FieldSection,
  edits: HeadEdits | null,
  mayRun: boolean,
): number {
  const { buffer, nameStart, nameEnd, valueStart, valueEnd, flags, count } = section;
  const removed = edits === null ? null : removedNames(edits);
  let o = offset;
  for (let i = 0; i < count; i++) {
    const length = mayRun && removed === null ? encoder.lookup.matchRun(section, i) : 0;
    if (length > 0) {
      o = encoder.run(out, o, length);
      i += length - 1;
      continue;
    }
    if ((flags[i]! & FLAGS_DROPPED) !== 0) continue;
    const start = nameStart[i]!;
    const end = nameEnd[i]!;
    if (end - start === 2 && equalsIgnoreCase(buffer, start, 'te')) continue;
    if (removed?.has(section.name(i).toLowerCase()) === true) continue;
    const isSensitive = (flags[i]! & FLAG_SENSITIVE) !== 0;
    o = encoder.field(out, o, buffer, start, end, buffer, valueStart[i]!, valueEnd[i]!, isSensitive);
  }
  return o;
}

/** Writes what edits put in, and fields of our own; gives the offset after. Host is `:authority`'s. */
export function writeAddedFields(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  edits: HeadEdits | null,
  extra: FieldSection | null,
): number {
  let o = offset;
  if (edits !== null) {
    for (const [name, value] of edits.set) {
      if (!isHost(name)) o = writeTextField(encoder, out, o, name, value);
    }
    for (const [name, value] of edits.add) o = writeTextField(encoder, out, o, name, value);
  }
  return extra === null ? o : writeKeptFields(encoder, out, o, extra, null, false);
}

/** The authority that edits put in, or null. */
export function editedHost(edits: HeadEdits | null): string | null {
  return edits?.set.find(([name]) => isHost(name))?.[1] ?? null;
}

/** Throws where an edit cannot be a field or a path, which is a fault of ours, and before a block is begun. */
export function assertEdits(edits: HeadEdits): void {
  if (edits.path !== undefined) assertPath(edits.path);
  for (const [name, value] of edits.set) assertLine(name, value);
  for (const [name, value] of edits.add) assertLine(name, value);
}

export function writeTextField(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  name: string,
  value: string,
): number {
  const text = Buffer.from(`${name}${value}`, 'latin1');
  return encoder.field(out, offset, text, 0, name.length, text, name.length, text.length, false);
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host';
}
