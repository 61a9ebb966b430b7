/** What reading a request's and a response's fields have in common. */

import {
  KIND_AUTHORITY,
  KIND_BAD_NAME,
  KIND_BAD_VALUE,
  KIND_CONNECTION,
  KIND_MASK,
  KIND_METHOD,
  KIND_PATH,
  KIND_PROTOCOL,
  KIND_SCHEME,
  KIND_STATUS,
  KIND_UNKNOWN_PSEUDO,
} from '../hpack/field-kind.ts';
import { readContentLength } from '../message/content-length.ts';
import { type FieldSection, FLAG_SENSITIVE } from '../message/field-section.ts';
import type { HeadIndex } from '../message/head-index.ts';
import {
  H2_BAD_CONTENT_LENGTH,
  H2_BAD_FIELD_NAME,
  H2_BAD_FIELD_VALUE,
  H2_CONNECTION_FIELD,
  H2_LATE_PSEUDO,
  H2_REPEATED_CONTENT_LENGTH,
  H2_UNKNOWN_PSEUDO,
} from './field-errors.ts';

/** Does the kind belong to a name with a colon in front? */
export function isPseudoKind(kind: number): boolean {
  return kind >= KIND_METHOD && kind <= KIND_UNKNOWN_PSEUDO;
}

/** Takes the fields behind the first `pseudoCount` to the front of the arrays; the text stays as it is. */
export function dropPseudoFields(section: FieldSection, pseudoCount: number): void {
  section.linesStart = pseudoCount < section.count ? section.nameStart[pseudoCount]! : section.linesEnd;
  const count = section.count - pseudoCount;
  for (let i = 0; i < count; i++) {
    const from = i + pseudoCount;
    section.nameStart[i] = section.nameStart[from]!;
    section.nameEnd[i] = section.nameEnd[from]!;
    section.valueStart[i] = section.valueStart[from]!;
    section.valueEnd[i] = section.valueEnd[from]!;
    section.flags[i] = section.flags[from]!;
  }
  section.count = count;
}

/** Gives the field's kind, and clears it from the flags. */
export function takeKind(section: FieldSection, index: number): number {
  const flags = section.flags[index]!;
  section.flags[index] = flags & FLAG_SENSITIVE;
  return flags & KIND_MASK;
}

/** The error of a kind that no message may have behind its pseudo-header fields, or 0. */
export function errorOfKind(kind: number): number {
  switch (kind) {
    case KIND_BAD_NAME:
      return H2_BAD_FIELD_NAME;
    case KIND_BAD_VALUE:
      return H2_BAD_FIELD_VALUE;
    // RFC 9113 section 8.2.2.
    case KIND_CONNECTION:
      return H2_CONNECTION_FIELD;
    // RFC 9113 section 8.3.
    case KIND_METHOD:
    case KIND_SCHEME:
    case KIND_AUTHORITY:
    case KIND_PATH:
    case KIND_STATUS:
    case KIND_PROTOCOL:
      return H2_LATE_PSEUDO;
    case KIND_UNKNOWN_PSEUDO:
      return H2_UNKNOWN_PSEUDO;
    default:
      return 0;
  }
}

/** RFC 9113 section 8.1.1: one number, one line; a repetition is refused even where it is equal. */
export function noteContentLength(head: HeadIndex, index: number): number {
  if (head.lengthIndex >= 0) return H2_REPEATED_CONTENT_LENGTH;
  const length = readContentLength(head.buffer, head.valueStart[index]!, head.valueEnd[index]!);
  if (length < 0) return H2_BAD_CONTENT_LENGTH;
  head.lengthIndex = index;
  head.contentLength = length;
  return 0;
}

/** The empty line that ends a head, so that it looks as one of HTTP/1.1 does; false without room for it. */
export function endHead(head: HeadIndex): boolean {
  const { buffer, linesEnd } = head;
  if (linesEnd + 2 > buffer.length) return false;
  buffer[linesEnd] = 13;
  buffer[linesEnd + 1] = 10;
  head.end = linesEnd + 2;
  return true;
}
