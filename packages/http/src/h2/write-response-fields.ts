/** Responses as HTTP/2 fields (RFC 9113 section 8.3.2), whichever version they came in. */
import { NO_ROOM } from '../h1/write-head.ts';
import type { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { ResponseHead } from '../message/response-head.ts';
import { assertEdits, roomForFields, writeAddedFields, writeKeptFields } from './write-fields.ts';

/** Whole fields of the static table (RFC 7541 appendix A), by status. */
const STATIC_STATUS: Readonly<Record<number, number>> = {
  200: 8,
  204: 9,
  206: 10,
  304: 11,
  400: 12,
  404: 13,
  500: 14,
};

const NAME = Buffer.from(':status');
const value = Buffer.alloc(3);

/**
 * Encodes the head as one field block at `offset` of `out`; gives the offset after, or NO_ROOM, and then
 * nothing was encoded. 101 opens a tunnel as 200 does (RFC 8441 section 5). `extra` are fields of our own.
 * Throws where an edit makes no field.
 */
export function writeResponseFields(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  head: ResponseHead,
  edits: HeadEdits | null,
  extra: FieldSection | null,
): number {
  if (offset + roomForFields(head, edits, extra) > out.length) return NO_ROOM;
  if (edits !== null) assertEdits(edits);
  const status = head.status === 101 ? 200 : head.status;
  let o = writeStatus(encoder, out, encoder.begin(out, offset), status);
  o = writeKeptFields(encoder, out, o, head, edits, head.httpMajor === 2);
  return writeAddedFields(encoder, out, o, edits, extra);
}

function writeStatus(encoder: HpackEncoder, out: Buffer, offset: number, status: number): number {
  const index = STATIC_STATUS[status];
  if (index !== undefined) return encoder.indexed(out, offset, index);
  value[0] = 48 + Math.floor(status / 100);
  value[1] = 48 + (Math.floor(status / 10) % 10);
  value[2] = 48 + (status % 10);
  return encoder.field(out, offset, NAME, 0, NAME.length, value, 0, value.length, false);
}
