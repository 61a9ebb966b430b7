import { describe, expect, it } from 'vitest';
import type { ResponseHead } from '../message/response-head.ts';
import type { ServerStream } from './exchange.ts';
import { sendLocalResponse } from './local-response.ts';

type Fields = readonly (readonly [string, string])[];

/** All that was sent, as text; `|` where a call ended the message. */
function sent(status: number, fields: Fields, body: string, isHeadRequest = false): string {
  let text = '';
  const stream = {
    isHeadRequest,
    sendResponse(head: ResponseHead, _edits: null, _extra: null, isEnd: boolean): boolean {
      text += head.buffer.toString('latin1', head.start, head.end) + (isEnd ? '|' : '');
      return true;
    },
    sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
      text += buffer.toString('utf8', start, end) + (isEnd ? '|' : '');
      return true;
    },
  };
  sendLocalResponse(stream as unknown as ServerStream, status, fields, body);
  return text;
}

describe('sendLocalResponse', () => {
  it('frames its body', () => {
    expect(sent(503, [['retry-after', '1']], 'n\u00f6')).toBe(
      'HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 3\r\n\r\nn\u00f6|',
    );
  });

  it('has no length for 204 (RFC 9110 8.6)', () => {
    expect(sent(204, [], '')).toBe('HTTP/1.1 204 No Content\r\n\r\n|');
  });

  it('answers HEAD with the length and without the body (RFC 9110 9.3.2)', () => {
    expect(sent(404, [], 'gone', true)).toBe('HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\n|');
  });

  it('throws where a header would break out', () => {
    expect(() => sent(200, [['a', 'b\r\nc']], '')).toThrow(TypeError);
  });
});
