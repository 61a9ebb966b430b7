import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import { RequestText } from './request-text.ts';

function headOf(text: string): RequestHead {
  const bytes = Buffer.from(text, 'latin1');
  const head = new RequestHead();
  expect(parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits)).toBe(bytes.length);
  return head;
}

function textOf(request: string): RequestText {
  const text = new RequestText();
  text.capture(headOf(request));
  return text;
}

describe('RequestText', () => {
  it('outlives the buffer that the head was read from', () => {
    const head = headOf('GET /a?b=c HTTP/1.1\r\nHost: shop:80\r\nX-Request-Id: 7\r\n\r\n');
    const text = new RequestText();
    text.capture(head);
    head.buffer.fill(0);
    expect([text.method, text.path, text.authority, text.requestId]).toEqual([
      'GET',
      '/a?b=c',
      'shop:80',
      '7',
    ]);
  });

  it('takes the id that was made for a request without one', () => {
    const text = textOf('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect(text.requestId).toBe('');
    text.captureId(Buffer.from('x-request-id: abc\r\n'), 14, 17);
    expect([text.authority, text.requestId]).toEqual(['shop', 'abc']);
  });

  it('takes the trace that the request belongs to, and no other one', () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const parent = `traceparent: 00-${trace}-00f067aa0ba902b7-01`;
    const text = textOf(`GET / HTTP/1.1\r\nHost: shop\r\nX-Request-Id: 7\r\n${parent}\r\n\r\n`);
    expect([text.traceId, text.requestId]).toEqual([trace, '7']);
    text.capture(headOf('GET / HTTP/1.1\r\nHost: shop\r\nTraceparent: 00-short\r\n\r\n'));
    expect([text.traceId, text.requestId, text.authority]).toEqual(['', '', 'shop']);
  });

  it('shows an absolute target by its path', () => {
    const text = textOf('GET http://shop?q HTTP/1.1\r\nHost: shop\r\n\r\n');
    expect([text.path, text.authority]).toEqual(['/?q', 'shop']);
  });

  it('cuts what is too long, and serves a short request after a long one', () => {
    const text = textOf(
      `GET /${'p'.repeat(5_000)} HTTP/1.1\r\nHost: shop\r\nX-Request-Id: ${'i'.repeat(500)}\r\n\r\n`,
    );
    expect([text.path.length, text.authority, text.requestId.length]).toEqual([1_024, 'shop', 128]);
    text.capture(headOf('PUT /x HTTP/1.1\r\nHost: b\r\n\r\n'));
    expect([text.method, text.path, text.authority, text.requestId]).toEqual(['PUT', '/x', 'b', '']);
  });

  it('forgets', () => {
    const text = textOf('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
    text.clear();
    expect([text.method, text.path, text.authority, text.requestId]).toEqual(['', '', '', '']);
  });
});
