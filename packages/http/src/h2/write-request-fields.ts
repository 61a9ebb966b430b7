/** Requests as HTTP/2 fields (RFC 9113 section 8.3.1), whichever version they came in. */
import { NO_ROOM } from '../h1/write-head.ts';
import type { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { type RequestHead, TARGET_ABSOLUTE } from '../message/request-head.ts';
import {
  assertEdits,
  editedHost,
  roomForFields,
  writeAddedFields,
  writeKeptFields,
  writeTextField,
} from './write-fields.ts';

/** Whole fields of the static table (RFC 7541 appendix A). */
const METHOD_GET = 2;
const METHOD_POST = 3;
const SCHEME_HTTP = 6;
const SCHEME_HTTPS = 7;

const NAMES = Buffer.from(':method:path:authority:protocolteCONNECTtrailers');
const METHOD = 0;
const PATH = 7;
const AUTHORITY = 12;
const PROTOCOL = 22;
const TE = 31;
const CONNECT = 33;
const TRAILERS = 40;
const NAMES_END = 48;

/**
 * Encodes the head as one field block at `offset` of `out`; gives the offset after, or NO_ROOM, and then
 * nothing was encoded. An upgrade becomes an extended CONNECT (RFC 8441 section 4); what only HTTP/1.1 has is
 * left out. `extra` are fields of our own. Throws where an edit makes no field.
 */
export function writeRequestFields(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  head: RequestHead,
  edits: HeadEdits | null,
  extra: FieldSection | null,
): number {
  if (offset + roomForFields(head, edits, extra) > out.length) return NO_ROOM;
  if (edits !== null) assertEdits(edits);
  let o = writeMethod(encoder, out, encoder.begin(out, offset), head);
  if (!head.isConnect) {
    o = encoder.indexed(out, o, head.isHttps ? SCHEME_HTTPS : SCHEME_HTTP);
    o = writePath(encoder, out, o, head, edits);
  }
  o = writeAuthority(encoder, out, o, head, edits);
  if (head.hasUpgrade) o = writeProtocol(encoder, out, o, head);
  o = writeKeptFields(encoder, out, o, head, edits, head.httpMajor === 2);
  if (head.hasTeTrailers) o = encoder.field(out, o, NAMES, TE, CONNECT, NAMES, TRAILERS, NAMES_END, false);
  return writeAddedFields(encoder, out, o, edits, extra);
}

function writeMethod(encoder: HpackEncoder, out: Buffer, offset: number, head: RequestHead): number {
  const { buffer, methodStart: start, methodEnd: end } = head;
  if (head.hasUpgrade)
    return encoder.field(out, offset, NAMES, METHOD, PATH, NAMES, CONNECT, TRAILERS, false);
  if (isWord(buffer, start, end, 'GET')) return encoder.indexed(out, offset, METHOD_GET);
  if (isWord(buffer, start, end, 'POST')) return encoder.indexed(out, offset, METHOD_POST);
  return encoder.field(out, offset, NAMES, METHOD, PATH, buffer, start, end, false);
}

function isWord(buffer: Buffer, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    if (buffer[start + i] !== word.charCodeAt(i)) return false;
  }
  return true;
}

function writePath(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  head: RequestHead,
  edits: HeadEdits | null,
): number {
  const { buffer, pathStart, pathEnd } = head;
  if (edits?.path !== undefined) return writeTextField(encoder, out, offset, ':path', edits.path);
  // An absolute-form target may lack the slash: RequestHead.path() knows.
  if (head.targetForm === TARGET_ABSOLUTE && buffer[pathStart] !== 47) {
    return writeTextField(encoder, out, offset, ':path', head.path());
  }
  return encoder.field(out, offset, NAMES, PATH, AUTHORITY, buffer, pathStart, pathEnd, false);
}

/** Left out where a request of HTTP/1.0 names none (RFC 9113 section 8.3.1). */
function writeAuthority(
  encoder: HpackEncoder,
  out: Buffer,
  offset: number,
  head: RequestHead,
  edits: HeadEdits | null,
): number {
  const { buffer, authorityStart, authorityEnd } = head;
  const edited = head.isConnect ? null : editedHost(edits);
  if (edited !== null) return writeTextField(encoder, out, offset, ':authority', edited);
  if (authorityStart === authorityEnd) return offset;
  return encoder.field(out, offset, NAMES, AUTHORITY, PROTOCOL, buffer, authorityStart, authorityEnd, false);
}

function writeProtocol(encoder: HpackEncoder, out: Buffer, offset: number, head: RequestHead): number {
  const { buffer, protocolStart, protocolEnd } = head;
  return encoder.field(out, offset, NAMES, PROTOCOL, TE, buffer, protocolStart, protocolEnd, false);
}
