/** Messages from fields as text, and back, through HPACK. */
import { defaultH1Limits } from '../../h1/limits.ts';
import { DEFAULT_TABLE_BYTES } from '../../hpack/dynamic-table.ts';
import { HpackDecoder } from '../../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../hpack/hpack-encoder.ts';
import { fieldsOf, type TextField, wideLimits } from '../../hpack/testing/blocks.ts';
import { FieldSection } from '../../message/field-section.ts';
import type { HeadEdits } from '../../message/head-edits.ts';
import { RequestHead } from '../../message/request-head.ts';
import { ResponseHead } from '../../message/response-head.ts';
import { h2FieldErrors } from '../field-errors.ts';
import { readRequestFields } from '../read-request-fields.ts';
import { readResponseFields } from '../read-response-fields.ts';
import { readTrailerFields } from '../read-trailer-fields.ts';
import { writeRequestFields } from '../write-request-fields.ts';
import { writeResponseFields } from '../write-response-fields.ts';
import { literalField, NEVER_INDEXED, WITHOUT_INDEXING } from './raw-hpack.ts';

/** Decodes a block into the section, at a place within a buffer that held other things. */
function decodeInto<S extends FieldSection>(section: S, block: Buffer): S {
  const out = Buffer.alloc(2 * wideLimits.maxSectionBytes, 'x');
  const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
  const error = decoder.decode(block, 0, block.length, section, out, 5, wideLimits);
  if (error !== 0) throw new Error(`not decoded: ${error}`);
  return section;
}

/** The fields as they stand: our encoder would write names in lower case. */
export function blockOf(fields: readonly TextField[]): Buffer {
  return Buffer.concat(
    fields.map(([name, value, isSensitive]) =>
      literalField(name, value, isSensitive === true ? NEVER_INDEXED : WITHOUT_INDEXING),
    ),
  );
}

/** The head, or the error's code. */
export function readRequest(block: Buffer, isEnd = true): RequestHead | string {
  const head = decodeInto(new RequestHead(), block);
  const error = readRequestFields(head, isEnd, defaultH1Limits);
  return error === 0 ? head : h2FieldErrors[error]!.code;
}

export function readResponse(
  block: Buffer,
  isEnd = true,
  requestWasHead = false,
  requestAskedForTunnel = false,
): ResponseHead | string {
  const head = decodeInto(new ResponseHead(), block);
  const error = readResponseFields(head, isEnd, requestWasHead, requestAskedForTunnel);
  return error === 0 ? head : h2FieldErrors[error]!.code;
}

export function readTrailers(fields: readonly TextField[]): FieldSection | string {
  const section = decodeInto(new FieldSection(), blockOf(fields));
  const error = readTrailerFields(section);
  return error === 0 ? section : h2FieldErrors[error]!.code;
}

/** The head of fields that must make a message. */
export function requestOfFields(fields: readonly TextField[], isEnd = true): RequestHead {
  const head = readRequest(blockOf(fields), isEnd);
  if (typeof head === 'string') throw new Error(`not accepted: ${head}`);
  return head;
}

export function responseOfFields(fields: readonly TextField[], isEnd = true): ResponseHead {
  const head = readResponse(blockOf(fields), isEnd);
  if (typeof head === 'string') throw new Error(`not accepted: ${head}`);
  return head;
}

/** The block that the head is written as, and its fields. */
export function writtenRequest(
  head: RequestHead,
  edits: HeadEdits | null = null,
  extra: FieldSection | null = null,
) {
  const out = Buffer.alloc(100_000);
  const end = writeRequestFields(new HpackEncoder(), out, 3, head, edits, extra);
  const block = Buffer.from(out.subarray(3, end));
  return { block, fields: fieldsOf(decodeInto(new FieldSection(), block)) };
}

export function writtenResponse(
  head: ResponseHead,
  edits: HeadEdits | null = null,
  extra: FieldSection | null = null,
) {
  const out = Buffer.alloc(100_000);
  const end = writeResponseFields(new HpackEncoder(), out, 3, head, edits, extra);
  const block = Buffer.from(out.subarray(3, end));
  return { block, fields: fieldsOf(decodeInto(new FieldSection(), block)) };
}
