/** The readers that judge the codecs are able to refuse. */
import { describe, expect, it } from 'vitest';
import {
  data,
  frame,
  headers,
  PREFACE,
  ping,
  rst,
  settings,
  settingsAck,
  T,
  windowUpdate,
} from '../src/h2/testing/raw-frames.ts';
import { StrictFrames } from './testing/strict-frames.ts';
import { HpackRefusal, StrictHpackDecoder } from './testing/strict-hpack.ts';
import { readStrictRequest, readStrictResponse, StrictRefusal } from './testing/strict-http1.ts';

const post = (lines: string, body: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;

describe('the strict reader of HTTP/1.1', () => {
  it.each([
    ['a length', post('Content-Length: 5\r\n', 'hello'), 'hello'],
    ['chunks', post('Transfer-Encoding: chunked\r\n', '2;a="b"\r\nhi\r\n0\r\nx: y\r\n\r\n'), 'hi'],
    ['neither', post('', ''), ''],
  ])('takes a request with %s', (_, text, body) => {
    expect(readStrictRequest(text)).toMatchObject({ body, end: text.length });
  });

  it.each([
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
    ['length and coding', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
    ['LF alone', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['NUL', post('X: \0\r\n', '')],
    ['a folded line', post('X: y\r\n z\r\n', '')],
    ['a size of 0x', post('Transfer-Encoding: chunked\r\n', '0x0\r\n\r\n')],
    ['a chunk without CRLF', post('Transfer-Encoding: chunked\r\n', '2\r\nhixx0\r\n\r\n')],
    ['a trailer that frames', post('Transfer-Encoding: chunked\r\n', '0\r\nContent-Length: 1\r\n\r\n')],
  ])('refuses %s', (_, text) => expect(() => readStrictRequest(text)).toThrow(StrictRefusal));

  it('knows what has no body', () => {
    const text = 'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n';
    expect(readStrictResponse(text, 0, { method: 'GET', isClosed: false }).end).toBe(text.length);
    expect(() => readStrictResponse('HTTP/1.1 200 \r\n\r\nx', 0, { method: 'GET', isClosed: false })).toThrow(
      StrictRefusal,
    );
  });
});

describe('the judge of frames', () => {
  const status = [[':status', '200']] as const;
  const get = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ] as const;
  const asked = Buffer.concat([settings(), headers(1, get, { isEnd: true })]);
  const opened = [settings(), settingsAck, headers(1, status)];

  function judge(peer: Buffer, written: readonly Buffer[]): void {
    const frames = new StrictFrames('server', 100_000);
    frames.onPeerBytes(peer);
    for (const bytes of written) frames.onWritten(bytes);
    frames.finish();
  }

  it('takes a response', () => judge(asked, [...opened, data(1, 'x', { isEnd: true })]));

  it.each<[rule: string, written: readonly Buffer[]]>([
    ['3.4: SETTINGS first', [headers(1, status)]],
    ['4.1: half a frame', [settings(), settingsAck.subarray(0, 4)]],
    ['5.1: DATA after the end', [...opened, data(1, 'x', { isEnd: true }), data(1, 'y')]],
    ['5.1: DATA after a reset', [...opened, rst(1, 8), data(1, 'y')]],
    ['5.1: a stream that nobody opened', [settings(), headers(3, status)]],
    ['6.5.3: an acknowledgement too many', [settings(), settingsAck, settingsAck]],
    ['6.7: an answer to no PING', [settings(), ping('x', 1)]],
    ['6.9: credit of 0', [settings(), windowUpdate(0, 0)]],
    ['6.9: more credit than was used', [settings(), windowUpdate(1, 1)]],
    [
      '6.9: more DATA than the window',
      [...opened, ...Array.from({ length: 5 }, () => data(1, 'x'.repeat(16_000)))],
    ],
    ['8.2.1: an upper case name', [settings(), headers(1, [...status, ['X', 'y']])]],
    ['8.2.2: a field of the connection', [settings(), headers(1, [...status, ['connection', 'close']])]],
    ['8.4: a push', [settings(), frame(T.PUSH_PROMISE, 4, 1, Buffer.alloc(4))]],
  ])('RFC 9113 %s', (_, written) => expect(() => judge(asked, written)).toThrow(/RFC 9113/));

  it('RFC 9113 3.4: a client begins with the preface', () => {
    const frames = new StrictFrames('client', 100_000);
    frames.onWritten(PREFACE.subarray(0, 10));
    expect(() => frames.onWritten(settings())).toThrow(/preface/);
  });
});

describe('the strict decoder of HPACK', () => {
  const decode = (hex: string) => new StrictHpackDecoder(4096).decode(Buffer.from(hex, 'hex'));

  it('RFC 7541 C.4.1: reads a request with Huffman strings', () => {
    expect(decode('828684418cf1e3c2e5f23a6ba0ab90f4ff').map(([name, value]) => `${name} ${value}`)).toEqual([
      ':method GET',
      ':scheme http',
      ':path /',
      ':authority www.example.com',
    ]);
  });

  it.each([
    ['4.2: a size update behind a field', '8220'],
    ['5.1: an integer that is cut short', 'ff'],
    ['5.2: padding of zeros', '0081188118'],
    ['5.2: EOS', '0084ffffffff00'],
    ['6.1: no such entry', 'be'],
    ['6.3: a table that is too large', '3fe23f'],
  ])('RFC 7541 %s', (_, hex) => expect(() => decode(hex)).toThrow(HpackRefusal));
});
