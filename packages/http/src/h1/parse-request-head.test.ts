import { describe, expect, it } from 'vitest';
import { FLAG_HOP_BY_HOP } from '../message/field-section.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE } from '../message/head-index.ts';
import {
  TARGET_ABSOLUTE,
  TARGET_ASTERISK,
  TARGET_AUTHORITY,
  TARGET_ORIGIN,
} from '../message/request-head.ts';
import { h1Errors } from './errors.ts';
import { defaultH1Limits } from './limits.ts';
import { parseRequest, requestOf } from './testing/parse.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

describe('refused requests', () => {
  it.each<[rule: string, text: string, code: string]>([
    ['RFC 9112 2.2: two empty lines before', `\r\n\r\n${GET}\r\n`, 'BAD_METHOD'],
    ['RFC 9112 2.2: a bare LF before', `\n${GET}\r\n`, 'BAD_METHOD'],
    ['RFC 9112 2.2: a bare CR before', `\r${GET}\r\n`, 'BAD_LINE_END'],
    ['RFC 9112 2.2: white space before the first header', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'OBS_FOLD'],
    ['RFC 9112 2.2: a bare LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 2.2: a bare CR after the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 2.2: a bare LF after a header', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 2.2: a bare CR in a value', `${GET}X: a\rb\r\n\r\n`, 'BAD_LINE_END'],
    ['RFC 9112 2.2: a bare LF as the empty line', `${GET}\n`, 'BAD_LINE_END'],
    ['RFC 9112 2.2: CR without LF as the empty line', `${GET}\rX`, 'BAD_LINE_END'],
    ['RFC 9112 2.3: no version', 'GET /\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 2.3: lower case', 'GET / http/1.1\r\nHost: a\r\n\r\n', 'BAD_VERSION'],
    ['RFC 9112 2.3: two digits', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 2.3: HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['RFC 9112 2.3: HTTP/0.9', 'GET / HTTP/0.9\r\nHost: a\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['RFC 9113 3.4: the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['RFC 9112 3: space after the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'BAD_LINE_END'],
    ['RFC 9112 3: two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3: a tab', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_METHOD'],
    ['RFC 9112 3.1: no token', 'G(T / HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_METHOD'],
    ['RFC 9112 3.1: empty', ' / HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_METHOD'],
    ['RFC 9112 3.1: overlong', `${'A'.repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`, 'BAD_METHOD'],
    ['RFC 9112 3.2: a control byte', 'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2: NUL', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2: beyond ASCII', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2: a fragment', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2: no slash', 'GET path HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2: overlong', `GET /${'a'.repeat(8192)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'TARGET_TOO_LONG'],
    ['RFC 9112 3.2: no Host', 'GET / HTTP/1.1\r\n\r\n', 'MISSING_HOST'],
    ['RFC 9112 3.2: Host twice', `${GET}Host: a\r\n\r\n`, 'REPEATED_HOST'],
    ['RFC 9112 3.2: Host twice in 1.0', 'GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n', 'REPEATED_HOST'],
    ['RFC 9112 3.2: a list in Host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'BAD_HOST'],
    ['RFC 9112 3.2: a path in Host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'BAD_HOST'],
    ['RFC 9110 4.2.4: userinfo in Host', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 'BAD_HOST'],
    ['RFC 9112 3.2.2: no Host beside a target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'MISSING_HOST'],
    ['RFC 9112 3.2.2: another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9110 4.2.1: an empty authority', 'GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9110 4.2.4: userinfo', 'GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2.3: CONNECT without port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2.3: CONNECT with a path', 'CONNECT /a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2.3: authority-form for GET', 'GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 3.2.4: * for GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 'BAD_TARGET'],
    ['RFC 9112 5.1: space before the colon', `${GET}X : a\r\n\r\n`, 'SPACE_BEFORE_COLON'],
    ['RFC 9112 5.1: tab before the colon', `${GET}X\t: a\r\n\r\n`, 'SPACE_BEFORE_COLON'],
    ['RFC 9112 5.1: no colon', `${GET}X\r\n\r\n`, 'BAD_LINE_END'],
    ['RFC 9110 5.1: an empty name', `${GET}: a\r\n\r\n`, 'BAD_HEADER_NAME'],
    ['RFC 9110 5.1: a name beyond ASCII', `${GET}\xe4: a\r\n\r\n`, 'BAD_HEADER_NAME'],
    ['RFC 9110 5.1: NUL in a name', `${GET}X\0: a\r\n\r\n`, 'BAD_HEADER_NAME'],
    ['RFC 9112 5.2: folded with a space', `${GET}X: a\r\n b\r\n\r\n`, 'OBS_FOLD'],
    ['RFC 9112 5.2: folded with a tab', `${GET}X: a\r\n\tb\r\n\r\n`, 'OBS_FOLD'],
    ['RFC 9110 5.5: NUL in a value', `${GET}X: a\0b\r\n\r\n`, 'BAD_HEADER_VALUE'],
    ['RFC 9110 5.5: DEL in a value', `${GET}X: a\x7fb\r\n\r\n`, 'BAD_HEADER_VALUE'],
    ['RFC 9110 5.5: ESC in a value', `${GET}X: \x1b\r\n\r\n`, 'BAD_HEADER_VALUE'],
    ['RFC 9110 5.4: more than 100 lines', `${GET}${'X: a\r\n'.repeat(100)}\r\n`, 'TOO_MANY_HEADERS'],
    ['RFC 6585 5: a head too large', `${GET}X: ${'a'.repeat(70_000)}\r\n\r\n`, 'HEAD_TOO_LARGE'],
    [
      'RFC 9112 6.1: both lengths',
      `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'LENGTH_AND_ENCODING',
    ],
    [
      'RFC 9112 6.1: both, the other way',
      `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n`,
      'LENGTH_AND_ENCODING',
    ],
    [
      'RFC 9112 6.1: a coding in 1.0',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      'ENCODING_IN_1_0',
    ],
    ['RFC 9112 6.1: gzip', `${POST}Transfer-Encoding: gzip\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    [
      'RFC 9112 6.1: gzip, chunked',
      `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n`,
      'UNSUPPORTED_ENCODING',
    ],
    [
      'RFC 9112 6.1: chunked, chunked',
      `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n`,
      'UNSUPPORTED_ENCODING',
    ],
    ['RFC 9112 6.1: identity', `${POST}Transfer-Encoding: identity\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    ['RFC 9112 6.1: xchunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    ['RFC 9110 5.5: a tab before', `${POST}Transfer-Encoding:\tchunked\r\n\r\n`, 'PADDED_ENCODING'],
    ['RFC 9110 5.5: a space behind', `${POST}Transfer-Encoding: chunked \r\n\r\n`, 'PADDED_ENCODING'],
    ['RFC 9112 6.1: quoted', `${POST}Transfer-Encoding: "chunked"\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    ['RFC 9112 6.1: empty', `${POST}Transfer-Encoding:\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    ['RFC 9112 6.1: a parameter', `${POST}Transfer-Encoding: chunked;a=b\r\n\r\n`, 'UNSUPPORTED_ENCODING'],
    [
      'RFC 9112 6.1: repeated',
      `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'REPEATED_ENCODING',
    ],
    [
      'RFC 9112 6.2: repeated, equal',
      `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\n`,
      'REPEATED_CONTENT_LENGTH',
    ],
    [
      'RFC 9112 6.2: repeated, different',
      `${POST}Content-Length: 3\r\ncontent-length: 4\r\n\r\n`,
      'REPEATED_CONTENT_LENGTH',
    ],
    ...['3, 3', '+3', '-3', '0x3', '3.0', '3 3', '', '1e1', '9007199254740993', '12345678901234567'].map(
      (value): [string, string, string] => [
        `RFC 9112 6.2: ${JSON.stringify(value)}`,
        `${POST}Content-Length: ${value}\r\n\r\n`,
        'BAD_CONTENT_LENGTH',
      ],
    ),
    [
      'RFC 9110 9.3.6: CONNECT with a body',
      'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\n\r\n',
      'CONNECT_WITH_BODY',
    ],
    ['RFC 9110 7.6.1: names Host', `${GET}Connection: close, host\r\n\r\n`, 'BAD_CONNECTION'],
    ['RFC 9110 7.6.1: names Content-Length', `${GET}Connection: content-length\r\n\r\n`, 'BAD_CONNECTION'],
    [
      'RFC 9110 7.6.1: names Transfer-Encoding',
      `${GET}Connection: transfer-encoding\r\n\r\n`,
      'BAD_CONNECTION',
    ],
    ['RFC 9110 7.6.1: no list of tokens', `${GET}Connection: a;b\r\n\r\n`, 'BAD_CONNECTION'],
    ['RFC 9110 7.6.1: no comma', `${GET}Connection: close upgrade\r\n\r\n`, 'BAD_CONNECTION'],
    ['RFC 9110 7.6.1: 33 names', `${GET}Connection: ${'x,'.repeat(33)}\r\n\r\n`, 'BAD_CONNECTION'],
  ])('%s', (_, text, code) => {
    expect(parseRequest(text)).toBe(code);
  });

  it('has a status for each error', () => {
    const codes = Object.values(h1Errors).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Object.keys(h1Errors).map(Number)).toEqual(codes.map((_, i) => i + 1));
  });
});

describe('accepted requests', () => {
  it('gives ranges, case-insensitive lookup and trimmed values (RFC 9112 5)', () => {
    const text = 'GET /a?b HTTP/1.1\r\nHost: a.example:80\r\nX-Empty:\r\nX-Wide: \t a b \t\r\n\r\nrest';
    const result = parseRequest(text);
    if (result === null || typeof result === 'string') throw new Error('not accepted');
    const { head, after } = result;
    expect(after).toBe(text.length - 4);
    expect(head.method()).toBe('GET');
    expect(head.path()).toBe('/a?b');
    expect(head.authority()).toBe('a.example:80');
    expect(head.targetForm).toBe(TARGET_ORIGIN);
    expect(head.count).toBe(3);
    expect(head.name(1)).toBe('X-Empty');
    expect(head.get('x-empty')).toBe('');
    expect(head.get('x-wide')).toBe('a b');
    expect(head.get('x-none')).toBeNull();
    expect(head).toMatchObject({ framing: FRAMING_NONE, keepAlive: true, httpMinor: 1, isHead: false });
  });

  it('skips one empty line before the request line (RFC 9112 2.2)', () => {
    expect(requestOf(`\r\n${GET}\r\n`).method()).toBe('GET');
  });

  it('reads a higher minor version as 1.1 (RFC 9110 2.5)', () => {
    expect(requestOf('GET / HTTP/1.7\r\nHost: a\r\n\r\n').httpMinor).toBe(1);
  });

  it('needs no Host in HTTP/1.0 (RFC 9112 3.2)', () => {
    const head = requestOf('GET / HTTP/1.0\r\n\r\n');
    expect([head.authority(), head.keepAlive]).toEqual(['', false]);
  });

  it.each<[target: string, path: string, authority: string]>([
    ['GET http://b:8/p?q', '/p?q', 'b:8'],
    ['GET HTTP://b/', '/', 'b'],
    ['GET https://b', '/', 'b'],
    ['GET http://b?q', '/?q', 'b'],
    ['OPTIONS http://b', '*', 'b'],
    ['GET http://[::1]:8/', '/', '[::1]:8'],
  ])('takes the authority of %s (RFC 9112 3.2.2)', (target, path, authority) => {
    const head = requestOf(`${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(head.targetForm).toBe(TARGET_ABSOLUTE);
    expect([head.path(), head.authority()]).toEqual([path, authority]);
  });

  it('reads authority-form and asterisk-form (RFC 9112 3.2.3, 3.2.4)', () => {
    const connect = requestOf('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n');
    expect(connect).toMatchObject({ isConnect: true, targetForm: TARGET_AUTHORITY });
    expect(connect.authority()).toBe('a:443');
    const options = requestOf('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
    expect([options.targetForm, options.path()]).toEqual([TARGET_ASTERISK, '*']);
  });

  it.each<[lines: string, framing: number, contentLength: number]>([
    ['Content-Length: 0\r\n', FRAMING_LENGTH, 0],
    ['Content-Length: 0012\r\n', FRAMING_LENGTH, 12],
    ['Content-Length: 9007199254740991\r\n', FRAMING_LENGTH, Number.MAX_SAFE_INTEGER],
    ['Transfer-Encoding: Chunked\r\n', FRAMING_CHUNKED, -1],
    ['', FRAMING_NONE, -1],
  ])('frames %j (RFC 9112 6.3)', (lines, framing, contentLength) => {
    expect(requestOf(`${POST}${lines}\r\n`)).toMatchObject({ framing, contentLength });
  });

  it.each<[version: string, lines: string, keepAlive: boolean]>([
    ['1.1', '', true],
    ['1.1', 'Connection: close\r\n', false],
    ['1.1', 'Connection: Keep-Alive, Close\r\n', false],
    ['1.1', 'Connection: a\r\nConnection: close\r\n', false],
    ['1.1', 'Connection: ,, ,keep-alive,\r\n', true],
    ['1.0', '', false],
    ['1.0', 'Connection: keep-alive\r\n', true],
    ['1.0', 'Connection: keep-alive, close\r\n', false],
  ])('persistence of %s with %j (RFC 9112 9.3)', (version, lines, keepAlive) => {
    expect(requestOf(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).keepAlive).toBe(keepAlive);
  });

  it('flags what concerns this hop only (RFC 9110 7.6.1)', () => {
    const head = requestOf(
      `${GET}X-Named: 1\r\nConnection: x-named, close, te\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\n` +
        'TE: gzip\r\nTE: trailers\r\nUpgrade: websocket\r\nx-named: 2\r\nX-Kept: 1\r\nProxy-Authorization: a\r\n\r\n',
    );
    const dropped = [];
    for (let i = 0; i < head.count; i++) {
      if ((head.flags[i]! & FLAG_HOP_BY_HOP) !== 0) dropped.push(head.name(i));
    }
    expect(dropped).toEqual([
      'X-Named',
      'Connection',
      'Keep-Alive',
      'Proxy-Connection',
      'TE',
      'Upgrade',
      'x-named',
    ]);
    expect(head.droppedCount).toBe(dropped.length);
    expect(head.hasTeTrailers).toBe(true);
  });

  it.each<[version: string, lines: string, hasUpgrade: boolean]>([
    ['1.1', 'Connection: upgrade\r\nUpgrade: websocket\r\n', true],
    ['1.1', 'Upgrade: websocket\r\n', false],
    ['1.1', 'Connection: upgrade\r\n', false],
    ['1.0', 'Connection: upgrade\r\nUpgrade: websocket\r\n', false],
  ])('upgrade of %s with %j (RFC 9110 7.8)', (version, lines, hasUpgrade) => {
    expect(requestOf(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).hasUpgrade).toBe(hasUpgrade);
  });

  it('sees Expect: 100-continue in HTTP/1.1 only (RFC 9110 10.1.1)', () => {
    const lines = 'Host: a\r\nExpect: 100-Continue\r\n\r\n';
    expect(requestOf(`POST / HTTP/1.1\r\n${lines}`).expectContinue).toBe(true);
    expect(requestOf(`POST / HTTP/1.0\r\n${lines}`).expectContinue).toBe(false);
  });

  it('holds heads up to the limits, and not one more', () => {
    const fill = (bytes: number) => {
      const rest = bytes - GET.length - 'X: \r\n\r\n'.length;
      return `${GET}X: ${'a'.repeat(rest)}\r\n\r\n`;
    };
    const limit = defaultH1Limits.maxHeadBytes;
    expect(requestOf(fill(limit)).count).toBe(2);
    expect(parseRequest(fill(limit + 1))).toBe('HEAD_TOO_LARGE');
    expect(requestOf(`GET /${'a'.repeat(8191)} HTTP/1.1\r\nHost: a\r\n\r\n`).count).toBe(1);
    expect(requestOf(`${GET}${'X: a\r\n'.repeat(99)}\r\n`).count).toBe(100);
    expect(requestOf(`${'A'.repeat(32)} / HTTP/1.1\r\nHost: a\r\n\r\n`).isHead).toBe(false);
  });

  it('outlives the read buffer after detach()', () => {
    const buffer = Buffer.from(`xx${GET}X: kept\r\n\r\n`, 'latin1');
    const result = parseRequest(buffer.subarray(2));
    if (result === null || typeof result === 'string') throw new Error('not accepted');
    result.head.detach();
    buffer.fill(0);
    expect(result.head.get('x')).toBe('kept');
    expect([result.head.method(), result.head.path(), result.head.authority()]).toEqual(['GET', '/', 'a']);
  });
});
