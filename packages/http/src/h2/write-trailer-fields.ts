import { NO_ROOM } from '../h1/write-head.ts';
import type { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { FieldSection } from '../message/field-section.ts';
import { roomForFields, writeKeptFields } from './write-fields.ts';

/**
 * Encodes trailers (RFC 9113 section 8.1) as one field block at `offset` of `out`; gives the offset after, or
 * NO_ROOM, and then nothing was encoded.
 */
export function writeTrailerFields(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  trailers: FieldSection,
): number {
  if (offset + roomForFields(trailers, null, null) > out.length) return NO_ROOM;
  return writeKeptFields(encoder, out, encoder.begin(out, offset), trailers, null, false);
}
