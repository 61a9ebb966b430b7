import { defaultH1Limits } from '../h1/limits.ts';
import { parseResponseHead } from '../h1/parse-response-head.ts';
import { assertLine } from '../h1/write-head.ts';
import { ResponseHead } from '../message/response-head.ts';
import { statusTexts } from '../message/status-texts.ts';
import type { ServerStream } from './exchange.ts';

/** One for all streams: it is used up within the call. */
const head = new ResponseHead();

/**
 * Answers a request with a whole response that is made here. Content-Length is added; no Date (RFC 9110
 * section 6.6.1 asks it of origin servers). Throws where a header cannot be a header line: a fault of ours.
 */
export function sendLocalResponse(
  stream: ServerStream,
  status: number,
  headers: Iterable<readonly [name: string, value: string]>,
  body: string | Buffer,
): void {
  const payload = typeof body === 'string' ? Buffer.from(body) : body;
  let text = `HTTP/1.1 ${status} ${statusTexts[status] ?? ''}\r\n`;
  for (const [name, value] of headers) {
    assertLine(name, value);
    text += `${name}: ${value}\r\n`;
  }
  const hasContent = status >= 200 && status !== 204 && status !== 304;
  text += hasContent ? `content-length: ${payload.length}\r\n\r\n` : '\r\n';
  const bytes = Buffer.from(text, 'latin1');
  const { isHeadRequest } = stream;
  const after = parseResponseHead(head, bytes, 0, bytes.length, defaultH1Limits, isHeadRequest);
  if (after !== bytes.length) throw new TypeError(`no response head: ${JSON.stringify(text)}`);
  const isEnd = !hasContent || isHeadRequest || payload.length === 0;
  if (stream.sendResponse(head, null, null, isEnd) && !isEnd) {
    stream.sendBody(payload, 0, payload.length, true);
  }
}
