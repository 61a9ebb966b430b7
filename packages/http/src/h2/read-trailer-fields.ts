/** Trailer fields (RFC 9113 section 8.1). */
import { KIND_CONTENT_LENGTH, KIND_HOST, KIND_PLAIN, KIND_TE } from '../hpack/field-kind.ts';
import { equalsIgnoreCase } from '../message/bytes.ts';
import type { FieldSection } from '../message/field-section.ts';
import { H2_UNKNOWN_PSEUDO } from './field-errors.ts';
import { errorOfKind, isPseudoKind, takeKind } from './settle-fields.ts';

/**
 * Makes the section that HpackDecoder has decoded into `section` trailers: 0, or a key of h2FieldErrors. Fields
 * that frame or route a message are dropped (RFC 9110 section 6.5.1); nothing here could be misled by them, but
 * somebody behind could.
 */
export function readTrailerFields(section: FieldSection): number {
  for (let i = 0; i < section.count; i++) {
    const kind = takeKind(section, i);
    if (kind === KIND_PLAIN) {
      if (isTrailerField(section, i)) section.drop(i);
    } else if (kind === KIND_CONTENT_LENGTH || kind === KIND_HOST || kind === KIND_TE) {
      section.drop(i);
    } else {
      const error = isPseudoKind(kind) ? H2_UNKNOWN_PSEUDO : errorOfKind(kind);
      if (error !== 0) return error;
    }
  }
  return 0;
}

function isTrailerField(section: FieldSection, index: number): boolean {
  const start = section.nameStart[index]!;
  return section.nameEnd[index]! - start === 7 && equalsIgnoreCase(section.buffer, start, 'trailer');
}
