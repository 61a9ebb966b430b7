import { describe, expect, it } from 'vitest';
import { FLAG_HOP_BY_HOP } from '../message/field-section.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE } from '../message/head-index.ts';
import { parseResponse, responseOf } from './testing/parse.ts';

describe('refused responses', () => {
  it.each<[rule: string, text: string, code: string]>([
    ['RFC 9112 4: no HTTP', 'SSH-2.0-OpenSSH_9.0\r\n', 'BAD_VERSION'],
    ['RFC 9112 4: HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['RFC 9112 4: an empty line before', '\r\nHTTP/1.1 200 OK\r\n\r\n', 'BAD_VERSION'],
    ['RFC 9112 4: two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'BAD_STATUS'],
    ['RFC 9112 4: four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'BAD_STATUS'],
    ['RFC 9110 15: above 599', 'HTTP/1.1 600 OK\r\n\r\n', 'BAD_STATUS'],
    ['RFC 9110 15: below 100', 'HTTP/1.1 099 OK\r\n\r\n', 'BAD_STATUS'],
    ['RFC 9112 4: NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', 'BAD_HEADER_VALUE'],
    ['RFC 9112 2.2: a bare LF', 'HTTP/1.1 200 OK\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 5.2: folded', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', 'OBS_FOLD'],
    [
      'RFC 9112 6.1: both lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'LENGTH_AND_ENCODING',
    ],
    ['RFC 9112 6.1: gzip', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'UNSUPPORTED_ENCODING'],
    [
      'RFC 9112 6.1: a coding in 1.0',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'ENCODING_IN_1_0',
    ],
    [
      'RFC 9112 6.2: repeated',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
      'REPEATED_CONTENT_LENGTH',
    ],
    ['RFC 6585 5: too large', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`, 'HEAD_TOO_LARGE'],
  ])('%s', (_, text, code) => expect(parseResponse(text)).toBe(code));
});

describe('accepted responses', () => {
  it.each<[line: string, status: number, reason: string]>([
    ['HTTP/1.1 200 OK', 200, 'OK'],
    ['HTTP/1.1 404 Not Found', 404, 'Not Found'],
    ['HTTP/1.1 200 ', 200, ''],
    ['HTTP/1.1 200', 200, ''],
    ['HTTP/1.1 200 \xe4\tb', 200, '\xe4\tb'],
  ])('reads %j (RFC 9112 4)', (line, status, reason) => {
    const head = responseOf(`${line}\r\n\r\n`);
    expect([head.status, head.reason()]).toEqual([status, reason]);
  });

  const LENGTH = 'Content-Length: 5\r\n';
  const CHUNKED = 'Transfer-Encoding: chunked\r\n';
  it.each<[rule: string, status: number, lines: string, request: string, framing: number]>([
    ['1: HEAD', 200, LENGTH, 'HEAD', FRAMING_NONE],
    ['1: HEAD, chunked', 200, CHUNKED, 'HEAD', FRAMING_NONE],
    ['1: HEAD, nothing', 200, '', 'HEAD', FRAMING_NONE],
    ['1: 100', 100, '', 'GET', FRAMING_NONE],
    ['1: 101', 101, LENGTH, 'GET', FRAMING_NONE],
    ['1: 204', 204, LENGTH, 'GET', FRAMING_NONE],
    ['1: 204, chunked', 204, CHUNKED, 'GET', FRAMING_NONE],
    ['1: 304', 304, LENGTH, 'GET', FRAMING_NONE],
    ['2: CONNECT, 200', 200, LENGTH, 'CONNECT', FRAMING_NONE],
    ['2: CONNECT, 403', 403, LENGTH, 'CONNECT', FRAMING_LENGTH],
    ['4: chunked', 200, CHUNKED, 'GET', FRAMING_CHUNKED],
    ['6: a length', 200, LENGTH, 'GET', FRAMING_LENGTH],
    ['8: until close', 200, '', 'GET', FRAMING_UNTIL_CLOSE],
    ['8: until close, 1.1 or not', 500, 'Connection: keep-alive\r\n', 'GET', FRAMING_UNTIL_CLOSE],
  ])('RFC 9112 6.3 rule %s', (_, status, lines, request, framing) => {
    const text = `HTTP/1.1 ${status} x\r\n${lines}\r\n`;
    const head = responseOf(text, request === 'HEAD', request === 'CONNECT');
    expect(head.framing).toBe(framing);
    expect(head.keepAlive).toBe(framing !== FRAMING_UNTIL_CLOSE);
  });

  it('keeps the length of HEAD and 304, and drops it where none may be (RFC 9110 8.6)', () => {
    expect(responseOf(`HTTP/1.1 200 x\r\n${LENGTH}\r\n`, true)).toMatchObject({
      contentLength: 5,
      droppedCount: 0,
    });
    expect(responseOf(`HTTP/1.1 304 x\r\n${LENGTH}\r\n`)).toMatchObject({
      contentLength: 5,
      droppedCount: 0,
    });
    const head = responseOf(`HTTP/1.1 204 x\r\n${LENGTH}\r\n`);
    expect(head.flags[0]! & FLAG_HOP_BY_HOP).toBe(FLAG_HOP_BY_HOP);
  });

  it('reports an upgrade (RFC 9110 15.2.2)', () => {
    const head = responseOf('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    expect(head).toMatchObject({ status: 101, hasUpgrade: true });
  });
});
