import { describe, expect, it } from 'vitest';
import type { HeadEdits } from '../message/head-edits.ts';
import { requestOf, responseOf } from './testing/parse.ts';
import { writeChunkHeader } from './write-chunk.ts';
import { NO_ROOM, writeRequestHead, writeResponseHead } from './write-head.ts';

const out = Buffer.alloc(4096);
const OFFSET = 3;

function written(text: string, edits: HeadEdits | null = null, lines = ''): string {
  const bytes = Buffer.from(`${lines}beyond`);
  const end = writeRequestHead(out, OFFSET, requestOf(text), edits, bytes, lines.length);
  return out.toString('latin1', OFFSET, end);
}

function writtenResponse(text: string, edits: HeadEdits | null = null, wasHead = false): string {
  const end = writeResponseHead(out, OFFSET, responseOf(text, wasHead), edits, null, 0);
  return out.toString('latin1', OFFSET, end);
}

describe('writeRequestHead', () => {
  it.each<[rule: string, text: string, expected: string]>([
    [
      'untouched',
      'GET /a?b HTTP/1.1\r\nHost: a\r\nX-Odd:   b \t\r\n\r\n',
      'GET /a?b HTTP/1.1\r\nHost: a\r\nX-Odd:   b \t\r\n\r\n',
    ],
    [
      'RFC 9110 7.6.1: lines of the hop dropped, at both ends and between',
      'GET / HTTP/1.1\r\nConnection: a\r\nHost: a\r\nA: 1\r\nB: 2\r\nKeep-Alive: 1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nB: 2\r\n\r\n',
    ],
    [
      'RFC 9112 7.1: chunked stays',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.2: absolute-form',
      'GET http://b:8/p?q HTTP/1.1\r\nA: 1\r\nHost: a\r\nB: 2\r\n\r\n',
      'GET /p?q HTTP/1.1\r\nhost: b:8\r\nA: 1\r\nB: 2\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.1: absolute-form without path',
      'GET http://b HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: b\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.1: absolute-form, query only',
      'GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /?q HTTP/1.1\r\nhost: b\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.4: OPTIONS, absolute-form',
      'OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: b\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.3: CONNECT',
      'CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n',
      'CONNECT b:1 HTTP/1.1\r\nhost: b:1\r\n\r\n',
    ],
    [
      'RFC 9112 2.3: 1.0 becomes 1.1',
      'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'RFC 9112 3.2: 1.0 without Host',
      'GET / HTTP/1.0\r\nA: 1\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: \r\nA: 1\r\n\r\n',
    ],
    [
      'RFC 9112 2.2: the empty line before',
      '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
    [
      'RFC 9110 10.1.4: TE: trailers',
      'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nconnection: te\r\n\r\n',
    ],
  ])('%s', (_, text, expected) => expect(written(text)).toBe(expected));

  it('appends preformatted lines', () => {
    expect(written('GET / HTTP/1.1\r\nHost: a\r\n\r\n', null, 'x-request-id: 1\r\nx: y\r\n')).toBe(
      'GET / HTTP/1.1\r\nHost: a\r\nx-request-id: 1\r\nx: y\r\n\r\n',
    );
  });

  it('edits', () => {
    const edits: HeadEdits = {
      remove: ['x-gone'],
      set: [
        ['A', 'new'],
        ['host', 'c'],
      ],
      add: [['B', '3']],
      path: '/new?q',
    };
    const text =
      'GET http://b/ HTTP/1.1\r\nHost: a\r\na: 1\r\nX-Gone: 1\r\nB: 2\r\nA: 2\r\nConnection: close\r\n\r\n';
    expect(written(text, edits)).toBe('GET /new?q HTTP/1.1\r\nB: 2\r\nA: new\r\nhost: c\r\nB: 3\r\n\r\n');
  });

  it.each<[what: string, edits: Partial<HeadEdits>]>([
    ['a value with CRLF', { set: [['a', 'b\r\nc: d']] }],
    ['a value with NUL', { add: [['a', '\0']] }],
    ['a value beyond latin1', { add: [['a', '\u0141']] }],
    ['a name with a colon', { add: [['a:', 'b']] }],
    ['an empty name', { add: [['', 'b']] }],
    ['a path with a space', { path: '/a b' }],
    ['a path with CRLF', { path: '/a\r\n' }],
    ['a path without slash', { path: 'a' }],
  ])('throws on %s', (_, edits) => {
    const all = { remove: [], set: [], add: [], ...edits };
    expect(() => written('GET / HTTP/1.1\r\nHost: a\r\n\r\n', all)).toThrow(TypeError);
  });

  it('says when there is no room', () => {
    const head = requestOf(`GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(4000)}\r\n\r\n`);
    expect(writeRequestHead(out, 0, head, null, null, 0)).toBe(NO_ROOM);
  });
});

describe('writeResponseHead', () => {
  it.each<[rule: string, text: string, expected: string]>([
    ['untouched', 'HTTP/1.1 200 OK\r\nA: 1\r\n\r\n', 'HTTP/1.1 200 OK\r\nA: 1\r\n\r\n'],
    [
      'RFC 9112 2.3: 1.0 becomes 1.1',
      'HTTP/1.0 404 No\r\nConnection: close\r\nA: 1\r\n\r\n',
      'HTTP/1.1 404 No\r\nA: 1\r\n\r\n',
    ],
    [
      'RFC 9112 4: a space before the reason, also where the server left it out',
      'HTTP/1.0 200\r\nConnection: x\r\nX: 1\r\nA: 1\r\n\r\n',
      'HTTP/1.1 200 \r\nA: 1\r\n\r\n',
    ],
    [
      'RFC 9110 8.6: 204 has no length',
      'HTTP/1.1 204 x\r\nContent-Length: 0\r\nA: 1\r\n\r\n',
      'HTTP/1.1 204 x\r\nA: 1\r\n\r\n',
    ],
  ])('%s', (_, text, expected) => expect(writtenResponse(text)).toBe(expected));

  it('edits', () => {
    const edits = { remove: ['server'], set: [], add: [['via', '1.1 a']] as const };
    expect(writtenResponse('HTTP/1.0 200 OK\r\nServer: x\r\nA: 1\r\n\r\n', edits)).toBe(
      'HTTP/1.1 200 OK\r\nA: 1\r\nvia: 1.1 a\r\n\r\n',
    );
  });
});

describe('writeChunkHeader', () => {
  it.each([1, 9, 15, 16, 255, 256, 65535, 65536, 2 ** 32, 2 ** 40 + 5])('writes %d', (size) => {
    const end = writeChunkHeader(out, OFFSET, size);
    expect(out.toString('latin1', OFFSET, end)).toBe(`${size.toString(16)}\r\n`);
  });
  it('refuses what would end the body', () => expect(() => writeChunkHeader(out, 0, 0)).toThrow(RangeError));
});
