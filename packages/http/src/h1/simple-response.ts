import { STATUS_CODES } from 'node:http';
import { assertLine } from './write-head.ts';

/**
 * A whole response that is made here: an error, a redirect, a health answer. Content-Length is
 * added; no Date (RFC 9110 section 6.6.1 asks it of origin servers).
 */
export function simpleResponse(
  status: number,
  headers: Iterable<readonly [name: string, value: string]>,
  body: string | Buffer,
): Buffer {
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (const [name, value] of headers) {
    assertLine(name, value);
    head += `${name}: ${value}\r\n`;
  }
  const hasNoContent = status < 200 || status === 204 || status === 304;
  head += hasNoContent ? '\r\n' : `content-length: ${payload.length}\r\n\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  return hasNoContent ? bytes : Buffer.concat([bytes, payload]);
}
