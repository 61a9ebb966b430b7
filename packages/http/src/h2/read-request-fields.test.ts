import { describe, expect, it } from 'vitest';
import { defaultH1Limits } from '../h1/limits.ts';
import { requestOf } from '../h1/testing/parse.ts';
import { DEFAULT_TABLE_BYTES } from '../hpack/dynamic-table.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { fieldsOf, type TextField, wideLimits } from '../hpack/testing/blocks.ts';
import { FRAMING_NONE, FRAMING_STREAM } from '../message/head-index.ts';
import { RequestHead, TARGET_ASTERISK, TARGET_AUTHORITY, TARGET_ORIGIN } from '../message/request-head.ts';
import { h2FieldErrors } from './field-errors.ts';
import { readRequestFields } from './read-request-fields.ts';
import { blockOf, readRequest, requestOfFields } from './testing/messages.ts';

const method: TextField = [':method', 'GET'];
const scheme: TextField = [':scheme', 'http'];
const path: TextField = [':path', '/'];
const authority: TextField = [':authority', 'a.example'];
const GET: readonly TextField[] = [method, scheme, path, authority];
const CONNECT: TextField = [':method', 'CONNECT'];
const websocket: TextField = [':protocol', 'websocket'];

describe('readRequestFields', () => {
  it('gives what HTTP/1.1 says in its own way', () => {
    const head = requestOfFields(
      [
        [':method', 'POST'],
        [':scheme', 'https'],
        [':authority', 'b:8'],
        [':path', '/p?q'],
        ['x-a', '1'],
        ['te', 'trailers'],
      ],
      false,
    );
    const same = requestOf('POST /p?q HTTP/1.1\r\nHost: b:8\r\nx-a: 1\r\nte: trailers\r\n\r\n');
    expect([head.method(), head.path(), head.authority(), head.isHttps]).toEqual([
      'POST',
      '/p?q',
      'b:8',
      true,
    ]);
    expect([head.hasTeTrailers, head.keepAlive, head.targetForm]).toEqual([true, true, same.targetForm]);
    expect([head.framing, head.contentLength, head.httpMajor]).toEqual([FRAMING_STREAM, -1, 2]);
    expect(fieldsOf(head)).toEqual([
      ['x-a', '1'],
      ['te', 'trailers'],
    ]);
    expect(head.buffer.toString('latin1', head.linesStart, head.end)).toBe('x-a: 1\r\nte: trailers\r\n\r\n');
    expect([head.linesEnd + 2, head.start]).toEqual([head.end, 5]);
    expect([...head.flags.subarray(0, 2)]).toEqual([0, 0]);
  });

  it('keeps nothing of the message before', () => {
    const head = new RequestHead();
    const decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
    const out = Buffer.alloc(130_000);
    const read = (fields: readonly TextField[]) => {
      const block = blockOf(fields);
      expect(decoder.decode(block, 0, block.length, head, out, 0, wideLimits)).toBe(0);
      return readRequestFields(head, true, defaultH1Limits);
    };
    expect(
      read([
        CONNECT,
        scheme,
        path,
        authority,
        websocket,
        ['host', 'a.example'],
        ['te', 'trailers'],
        ['expect', '100-continue'],
      ]),
    ).toBe(0);
    expect(read([[':method', 'HEAD'], scheme, path, authority])).toBe(0);
    expect([head.isHead, head.hasUpgrade, head.hasTeTrailers, head.expectContinue]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([head.hostIndex, head.lengthIndex, head.count, head.upgradeProtocol()]).toEqual([-1, -1, 0, '']);
  });

  it.each<[rule: string, fields: readonly TextField[], code: string]>([
    ['RFC 9113 8.2: a name in upper case', [...GET, ['X-A', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: a name that is no token', [...GET, ['x a', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: a name with a colon', [...GET, ['x:a', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: an empty name', [...GET, ['', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: a name beyond ASCII', [...GET, ['x\xe4', '1']], 'BAD_HEADER_NAME'],
    ['RFC 9113 8.2.1: NUL in a value', [...GET, ['x', 'a\0b']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.1: CR in a value', [...GET, ['x', 'a\rb']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.1: LF in a value', [...GET, ['x', 'a\nb: c']], 'BAD_HEADER_VALUE'],
    ['RFC 9110 5.5: DEL in a value', [...GET, ['x', 'a\x7f']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.1: a value that starts with a space', [...GET, ['x', ' a']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.1: a value that ends with a tab', [...GET, ['x', 'a\t']], 'BAD_HEADER_VALUE'],
    ['RFC 9113 8.2.2: Connection', [...GET, ['connection', 'close']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: Keep-Alive', [...GET, ['keep-alive', '1']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: Proxy-Connection', [...GET, ['proxy-connection', 'x']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: Transfer-Encoding', [...GET, ['transfer-encoding', 'chunked']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: Upgrade', [...GET, ['upgrade', 'websocket']], 'CONNECTION_FIELD'],
    ['RFC 9113 8.2.2: TE other than trailers', [...GET, ['te', 'gzip, trailers']], 'BAD_TE'],
    [
      'RFC 9113 8.3: a pseudo-header field that is not defined',
      [...GET, [':x', '1']],
      'UNKNOWN_PSEUDO_FIELD',
    ],
    ['RFC 9113 8.3: one of responses', [...GET, [':status', '200']], 'UNKNOWN_PSEUDO_FIELD'],
    ['RFC 9113 8.3: one behind a field', [method, scheme, path, ['x', '1'], authority], 'LATE_PSEUDO_FIELD'],
    [
      'RFC 9113 8.3: one of responses behind a field',
      [...GET, ['x', '1'], [':status', '200']],
      'LATE_PSEUDO_FIELD',
    ],
    ['RFC 9113 8.3: one twice', [...GET, path], 'REPEATED_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: two authorities', [...GET, authority], 'REPEATED_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: no method', [scheme, path, authority], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: no scheme', [method, path, authority], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: no path', [method, scheme, authority], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: no fields at all', [], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.3.1: an empty path', [method, scheme, [':path', ''], authority], 'BAD_TARGET'],
    ['RFC 9113 8.3.1: a path without slash', [method, scheme, [':path', 'a'], authority], 'BAD_TARGET'],
    ['RFC 9113 8.3.1: an absolute path', [method, scheme, [':path', 'http://a/'], authority], 'BAD_TARGET'],
    ['RFC 9113 8.3.1: * without OPTIONS', [method, scheme, [':path', '*'], authority], 'BAD_TARGET'],
    ['RFC 9112 3.2: a fragment', [method, scheme, [':path', '/a#b'], authority], 'BAD_TARGET'],
    ['RFC 9112 3: a space in the path', [method, scheme, [':path', '/a HTTP/1.1'], authority], 'BAD_TARGET'],
    ['RFC 9112 3: a tab in the path', [method, scheme, [':path', '/a\tb'], authority], 'BAD_TARGET'],
    [
      'RFC 9113 8.3.1: a scheme that is not HTTP',
      [method, [':scheme', 'ftp'], path, authority],
      'BAD_SCHEME',
    ],
    ['RFC 9110 9.1: a method with a space', [[':method', 'G ET'], scheme, path, authority], 'BAD_METHOD'],
    ['RFC 9110 9.1: an empty method', [[':method', ''], scheme, path, authority], 'BAD_METHOD'],
    ['a method of 33 bytes', [[':method', 'A'.repeat(33)], scheme, path, authority], 'BAD_METHOD'],
    ['RFC 9113 8.3.1: no authority', [method, scheme, path], 'MISSING_HOST'],
    ['RFC 9113 8.3.1: an empty authority', [method, scheme, path, [':authority', '']], 'MISSING_HOST'],
    ['RFC 9113 8.3.1: an empty Host', [method, scheme, path, ['host', '']], 'MISSING_HOST'],
    ['RFC 9113 8.3.1: userinfo', [method, scheme, path, [':authority', 'u@a']], 'BAD_HOST'],
    ['RFC 9113 8.3.1: a space in the authority', [method, scheme, path, [':authority', 'a b']], 'BAD_HOST'],
    ['RFC 9110 7.2: a Host that is none', [method, scheme, path, ['host', 'a/b']], 'BAD_HOST'],
    ['RFC 9113 8.3.1: Host other than :authority', [...GET, ['host', 'b.example']], 'OTHER_HOST'],
    ['RFC 9110 7.2: two Hosts', [...GET, ['host', 'a.example'], ['host', 'a.example']], 'REPEATED_HOST'],
    ['RFC 9113 8.5: CONNECT with a scheme', [CONNECT, scheme, [':authority', 'a:1']], 'BAD_CONNECT'],
    ['RFC 9113 8.5: CONNECT with a path', [CONNECT, path, [':authority', 'a:1']], 'BAD_CONNECT'],
    ['RFC 9113 8.5: CONNECT without authority', [CONNECT, ['host', 'a:1']], 'MISSING_PSEUDO_FIELD'],
    ['RFC 9113 8.5: CONNECT without port', [CONNECT, [':authority', 'a']], 'BAD_CONNECT'],
    [
      'RFC 9113 8.5: CONNECT with a body',
      [CONNECT, [':authority', 'a:1'], ['content-length', '1']],
      'BAD_CONNECT',
    ],
    ['RFC 8441 4: :protocol without CONNECT', [...GET, websocket], 'BAD_CONNECT'],
    ['RFC 8441 4: without scheme', [CONNECT, path, authority, websocket], 'MISSING_PSEUDO_FIELD'],
    ['RFC 8441 4: without path', [CONNECT, scheme, authority, websocket], 'MISSING_PSEUDO_FIELD'],
    ['RFC 8441 4: an empty protocol', [CONNECT, scheme, path, authority, [':protocol', '']], 'BAD_CONNECT'],
    [
      'RFC 8441 4: a list of protocols',
      [CONNECT, scheme, path, authority, [':protocol', 'a, b']],
      'BAD_CONNECT',
    ],
    ['RFC 9110 8.6: a length that is no number', [...GET, ['content-length', '+1']], 'BAD_CONTENT_LENGTH'],
    ['RFC 9110 8.6: a list of lengths', [...GET, ['content-length', '0, 0']], 'BAD_CONTENT_LENGTH'],
    ['RFC 9110 8.6: an empty length', [...GET, ['content-length', '']], 'BAD_CONTENT_LENGTH'],
    [
      'RFC 9112 6.3: a length twice, though equal',
      [...GET, ['content-length', '0'], ['content-length', '0']],
      'REPEATED_CONTENT_LENGTH',
    ],
    ['RFC 9113 8.1.1: a length without DATA', [...GET, ['content-length', '1']], 'BODY_LENGTH'],
    [
      'a path that is too long',
      [method, scheme, [':path', `/${'a'.repeat(8192)}`], authority],
      'TARGET_TOO_LONG',
    ],
  ])('refuses: %s', (_, fields, code) => {
    expect(readRequest(blockOf(fields))).toBe(code);
  });

  it.each<[rule: string, fields: readonly TextField[], expected: Partial<RequestHead>]>([
    [
      'RFC 9113 8.3.1: *',
      [[':method', 'OPTIONS'], scheme, [':path', '*'], authority],
      { targetForm: TARGET_ASTERISK },
    ],
    ['RFC 9113 8.3: in any order', [path, authority, scheme, method], { targetForm: TARGET_ORIGIN }],
    [
      'RFC 9113 8.3.1: Host in place of :authority',
      [method, scheme, path, ['host', 'a.example']],
      { hostIndex: 0 },
    ],
    [
      'RFC 9113 8.3.1: Host beside :authority, in another case',
      [...GET, ['host', 'A.example']],
      { hostIndex: 0 },
    ],
    [
      'RFC 9113 8.5: CONNECT',
      [CONNECT, [':authority', 'a.example:1']],
      { isConnect: true, targetForm: TARGET_AUTHORITY, hasUpgrade: false },
    ],
    [
      'RFC 8441 4: extended CONNECT',
      [CONNECT, scheme, path, authority, websocket],
      { isConnect: false, hasUpgrade: true, asksForTunnel: true },
    ],
    ['RFC 9110 10.1.1: Expect', [...GET, ['expect', '100-continue']], { expectContinue: true }],
    ['RFC 9113 8.2.2: TE: trailers', [...GET, ['te', 'Trailers']], { hasTeTrailers: true }],
    [
      'RFC 9110 8.6: a length of nothing',
      [...GET, ['content-length', '0']],
      { contentLength: 0, lengthIndex: 0 },
    ],
    ['RFC 9110 5.5: a value beyond ASCII', [...GET, ['x', '\xe4']], { count: 1 }],
    ['an empty value', [...GET, ['x', '']], { count: 1 }],
  ])('accepts: %s', (_, fields, expected) => {
    const head = readRequest(blockOf(fields));
    expect(head).toMatchObject({ ...expected, framing: FRAMING_NONE });
    expect((head as RequestHead).authority()).toMatch(/^a\.example/);
  });

  it('RFC 9113 8.1.1: takes note of the length of a body to come', () => {
    const head = requestOfFields([...GET, ['content-length', '12']], false);
    expect([head.framing, head.contentLength, head.lengthIndex]).toEqual([FRAMING_STREAM, 12, 0]);
  });

  it('RFC 7541 7.1.3: remembers what is never to be indexed', () => {
    expect(fieldsOf(requestOfFields([...GET, ['x', '1', true], ['y', '2']]))).toEqual([
      ['x', '1', true],
      ['y', '2'],
    ]);
  });

  it('RFC 9113 8.2.3: joins cookies, and closes the gaps', () => {
    const head = requestOfFields([
      method,
      scheme,
      path,
      ['cookie', 'a=1'],
      ['x', '1'],
      ['cookie', '', true],
      ['content-length', '0'],
      ['cookie', 'c=3'],
      ['host', 'a.example'],
    ]);
    expect(fieldsOf(head)).toEqual([
      ['x', '1'],
      ['content-length', '0'],
      ['host', 'a.example'],
      ['cookie', 'a=1; ; c=3', true],
    ]);
    expect([head.lengthIndex, head.hostIndex, head.authority(), head.path()]).toEqual([
      1,
      2,
      'a.example',
      '/',
    ]);
    expect(head.buffer.toString('latin1', head.linesStart, head.end)).toBe(
      'x: 1\r\ncontent-length: 0\r\nhost: a.example\r\ncookie: a=1; ; c=3\r\n\r\n',
    );
  });

  it('RFC 9113 8.2.3: leaves a single cookie where it is', () => {
    const head = requestOfFields([...GET, ['cookie', 'a=1; b=2'], ['x', '1']]);
    expect(fieldsOf(head).map(([name]) => name)).toEqual(['cookie', 'x']);
  });

  it.each([
    ['to end the head', [['x', '1']]],
    [
      'to join cookies',
      [
        ['cookie', 'a=1'],
        ['cookie', 'b=2'],
      ],
    ],
  ] as const)('says that the buffer lacks room %s', (_, fields) => {
    const block = blockOf([...GET, ...fields]);
    const head = new RequestHead();
    const whole = Buffer.alloc(1000);
    const limits = { maxSectionBytes: 900, maxCount: 20 };
    new HpackDecoder(DEFAULT_TABLE_BYTES).decode(block, 0, block.length, head, whole, 0, limits);
    const tight = head.buffer.subarray(0, head.linesEnd + 1);
    head.buffer = tight as Buffer;
    expect(h2FieldErrors[readRequestFields(head, true, defaultH1Limits)]!.status).toBe(431);
  });
});
