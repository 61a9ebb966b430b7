import type { FieldSection } from '../../message/field-section.ts';
import { HeadIndex } from '../../message/head-index.ts';
import { RequestHead } from '../../message/request-head.ts';
import { ResponseHead } from '../../message/response-head.ts';
import { h1ErrorOf } from '../errors.ts';
import { defaultH1Limits, type H1Limits } from '../limits.ts';
import { parseLines } from '../parse-lines.ts';
import { parseRequestHead } from '../parse-request-head.ts';
import { parseResponseHead } from '../parse-response-head.ts';

/** Parses text as a request; gives the head, or the error's code, or null for NEED_MORE. */
export function parseRequest(text: string | Buffer, limits: H1Limits = defaultH1Limits) {
  const buffer = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const head = new RequestHead();
  const after = parseRequestHead(head, buffer, 0, buffer.length, limits);
  if (after < 0) return h1ErrorOf(after).code;
  return after === 0 ? null : { head, after };
}

export function parseResponse(text: string | Buffer, requestWasHead = false, requestWasConnect = false) {
  const buffer = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const head = new ResponseHead();
  const after = parseResponseHead(
    head,
    buffer,
    0,
    buffer.length,
    defaultH1Limits,
    requestWasHead,
    requestWasConnect,
  );
  if (after < 0) return h1ErrorOf(after).code;
  return after === 0 ? null : { head, after };
}

/** The head of text that must parse. */
export function requestOf(text: string): RequestHead {
  const result = parseRequest(text);
  if (result === null || typeof result === 'string') throw new Error(`not accepted: ${result}`);
  return result.head;
}

export function responseOf(text: string, requestWasHead = false, requestWasConnect = false): ResponseHead {
  const result = parseResponse(text, requestWasHead, requestWasConnect);
  if (result === null || typeof result === 'string') throw new Error(`not accepted: ${result}`);
  return result.head;
}

/** Fields of our own, a line each. */
export function fieldsOf(...lines: readonly string[]): FieldSection {
  const section = new HeadIndex();
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  section.clear(bytes, 0);
  if (parseLines(section, 0, bytes.length, lines.length) <= 0) throw new Error(`no fields: ${lines}`);
  return section;
}
