import { describe, expect, it } from 'vitest';
import { requestOf, responseOf } from '../h1/testing/parse.ts';
import { NO_ROOM, writeRequestHead, writeResponseHead } from '../h1/write-head.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import type { TextField } from '../hpack/testing/blocks.ts';
import { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import {
  blockOf,
  readTrailers,
  requestOfFields,
  responseOfFields,
  writtenRequest,
  writtenResponse,
} from './testing/messages.ts';
import { writeRequestFields } from './write-request-fields.ts';
import { writeTrailerFields } from './write-trailer-fields.ts';

const edits: HeadEdits = {
  remove: ['X-Gone'],
  set: [
    ['X-A', 'new'],
    ['Host', 'c'],
  ],
  add: [['X-B', '3']],
  path: '/new?q',
};

function extraOf(name: string, value: string): FieldSection {
  const extra = new FieldSection();
  extra.clear(Buffer.from(`..${name}: ${value}\r\n..`), 2);
  extra.nameStart[0] = 2;
  extra.nameEnd[0] = 2 + name.length;
  extra.valueStart[0] = 4 + name.length;
  extra.valueEnd[0] = 4 + name.length + value.length;
  extra.count = 1;
  extra.linesEnd = extra.valueEnd[0] + 2;
  return extra;
}

const pseudo = (method: string, path: string, authority: string): TextField[] => [
  [':method', method],
  [':scheme', 'http'],
  [':path', path],
  [':authority', authority],
];

describe('writeRequestFields', () => {
  it.each<[rule: string, text: string, fields: readonly TextField[]]>([
    [
      'RFC 9113 8.2: names in lower case',
      'GET /a?b HTTP/1.1\r\nHost: h:1\r\nX-Odd:   b \t\r\n\r\n',
      [...pseudo('GET', '/a?b', 'h:1'), ['x-odd', 'b']],
    ],
    [
      'RFC 9113 8.2.2: nothing of the connection',
      'POST / HTTP/1.1\r\nConnection: x-a, upgrade\r\nHost: h\r\nKeep-Alive: 1\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\nB: 1\r\n\r\n',
      [...pseudo('POST', '/', 'h'), ['b', '1']],
    ],
    [
      'RFC 9113 8.3.1: the authority of an absolute target',
      'PUT https://b:8 HTTP/1.1\r\nHost: a\r\n\r\n',
      [
        [':method', 'PUT'],
        [':scheme', 'https'],
        [':path', '/'],
        [':authority', 'b:8'],
      ],
    ],
    ['RFC 9113 8.3.1: OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n', pseudo('OPTIONS', '*', 'h')],
    [
      'RFC 9113 8.5: CONNECT',
      'CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n',
      [
        [':method', 'CONNECT'],
        [':authority', 'b:1'],
      ],
    ],
    [
      'RFC 8441 4: an upgrade',
      'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n',
      [...pseudo('CONNECT', '/chat', 'h'), [':protocol', 'websocket'], ['sec-websocket-key', 'k']],
    ],
    [
      'RFC 9113 8.2.2: TE: trailers',
      'GET / HTTP/1.1\r\nTE: Trailers\r\nHost: h\r\nConnection: TE\r\nA: 1\r\n\r\n',
      [...pseudo('GET', '/', 'h'), ['a', '1'], ['te', 'trailers']],
    ],
    [
      'RFC 9112 3.2: 1.0 without Host',
      'GET / HTTP/1.0\r\n\r\n',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
      ],
    ],
  ])('%s', (_, text, fields) => expect(writtenRequest(requestOf(text)).fields).toEqual(fields));

  it('edits, and adds fields of our own', () => {
    const head = requestOf('GET /old HTTP/1.1\r\nHost: a\r\nx-a: 1\r\nX-Gone: 1\r\nX-B: 2\r\nx-A: 2\r\n\r\n');
    expect(writtenRequest(head, edits, extraOf('X-Id', '7')).fields).toEqual([
      ...pseudo('GET', '/new?q', 'c'),
      ['x-b', '2'],
      ['x-a', 'new'],
      ['x-b', '3'],
      ['x-id', '7'],
    ]);
  });

  it('forwards what came by HTTP/2 as it came, save Host', () => {
    const fields: TextField[] = [...pseudo('GET', '/', 'h'), ['x', '1', true], ['y', '']];
    expect(writtenRequest(requestOfFields([...fields, ['host', 'h']])).fields).toEqual(fields);
  });

  it.each<[what: string, bad: Partial<HeadEdits>]>([
    ['a value with CRLF', { set: [['a', 'b\r\nc: d']] }],
    ['a name with a colon', { add: [[':path', 'b']] }],
    ['a path with a space', { path: '/a b' }],
  ])('throws on %s, with the table as it was', (_, bad) => {
    const encoder = new HpackEncoder({ admission: 'all' });
    const head = requestOf('GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n');
    const all = { remove: [], set: [], add: [], ...bad };
    expect(() => writeRequestFields(encoder, Buffer.alloc(1000), 0, head, all, null)).toThrow(TypeError);
    expect(encoder.table.inserted).toBe(0);
  });

  it('says when there may be no room, with the table as it was', () => {
    const encoder = new HpackEncoder({ admission: 'all' });
    const head = requestOf(`GET / HTTP/1.1\r\nHost: h\r\nA: ${'a'.repeat(500)}\r\n\r\n`);
    expect(writeRequestFields(encoder, Buffer.alloc(700), 0, head, null, null)).toBe(NO_ROOM);
    expect(encoder.table.inserted).toBe(0);
    expect(writeRequestFields(encoder, Buffer.alloc(1000), 0, head, null, null)).toBeGreaterThan(500);
  });
});

describe('writeResponseFields', () => {
  it.each<[rule: string, text: string, fields: readonly TextField[]]>([
    [
      'RFC 9113 8.3.2: no reason',
      'HTTP/1.1 404 Gone Fishing\r\nA: 1\r\n\r\n',
      [
        [':status', '404'],
        ['a', '1'],
      ],
    ],
    ['a status that is not in the static table', 'HTTP/1.1 599 x\r\n\r\n', [[':status', '599']]],
    [
      'RFC 9113 8.2.2: nothing of the connection',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nA: 1\r\n\r\n',
      [
        [':status', '200'],
        ['a', '1'],
      ],
    ],
    [
      'RFC 8441 5: 101 is 200',
      'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
      [
        [':status', '200'],
        ['sec-websocket-accept', 'x'],
      ],
    ],
  ])('%s', (_, text, fields) => expect(writtenResponse(responseOf(text)).fields).toEqual(fields));

  it('edits, and adds fields of our own', () => {
    const head = responseOf('HTTP/1.1 200 OK\r\nX-A: 1\r\nX-Gone: 1\r\n\r\n');
    const { path: _, ...some } = edits;
    expect(writtenResponse(head, some, extraOf('X-Id', '7')).fields).toEqual([
      [':status', '200'],
      ['x-a', 'new'],
      ['x-b', '3'],
      ['x-id', '7'],
    ]);
  });
});

describe('writeTrailerFields', () => {
  it('writes what is not dropped', () => {
    const trailers = readTrailers([
      ['grpc-status', '0'],
      ['host', 'a'],
      ['x', 'y'],
    ]) as FieldSection;
    const out = Buffer.alloc(1000);
    const end = writeTrailerFields(new HpackEncoder(), out, 0, trailers);
    expect(
      out.subarray(0, end).equals(
        blockOf([
          ['grpc-status', '0'],
          ['x', 'y'],
        ]),
      ),
    ).toBe(true);
    expect(writeTrailerFields(new HpackEncoder(), Buffer.alloc(100), 0, trailers)).toBe(NO_ROOM);
  });
});

describe('HTTP/1.1 of a head that came by HTTP/2', () => {
  const out = Buffer.alloc(4096);
  const h1Request = (fields: readonly TextField[], changes: HeadEdits | null = null) =>
    out.toString('latin1', 3, writeRequestHead(out, 3, requestOfFields(fields), changes, null, 0));
  const h1Response = (fields: readonly TextField[], changes: HeadEdits | null = null) =>
    out.toString('latin1', 3, writeResponseHead(out, 3, responseOfFields(fields), changes, null, 0));

  it.each<[rule: string, fields: readonly TextField[], text: string]>([
    [
      'RFC 9113 8.3.1: Host is the authority',
      [...pseudo('GET', '/a?b', 'h:1'), ['x', '1']],
      'GET /a?b HTTP/1.1\r\nhost: h:1\r\nx: 1\r\n\r\n',
    ],
    [
      'RFC 9113 8.3.1: Host beside it is dropped',
      [...pseudo('PUT', '/', 'h'), ['a', '1'], ['host', 'H'], ['b', '2']],
      'PUT / HTTP/1.1\r\nhost: h\r\na: 1\r\nb: 2\r\n\r\n',
    ],
    [
      'RFC 9113 8.3.1: Host in its place',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        ['a', '1'],
        ['host', 'h'],
      ],
      'GET / HTTP/1.1\r\nhost: h\r\na: 1\r\n\r\n',
    ],
    ['no fields', pseudo('OPTIONS', '*', 'h'), 'OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n'],
    [
      'RFC 9113 8.2.3: one line of cookies',
      [...pseudo('GET', '/', 'h'), ['cookie', 'a=1'], ['x', '1'], ['cookie', 'b=2']],
      'GET / HTTP/1.1\r\nhost: h\r\nx: 1\r\ncookie: a=1; b=2\r\n\r\n',
    ],
    [
      'RFC 9110 10.1.4: TE: trailers',
      [...pseudo('GET', '/', 'h'), ['te', 'trailers']],
      'GET / HTTP/1.1\r\nhost: h\r\nte: trailers\r\nconnection: te\r\n\r\n',
    ],
    [
      'RFC 9112 3.2.3: CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'h:1'],
      ],
      'CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n',
    ],
    [
      'RFC 8441 5: extended CONNECT is GET',
      [...pseudo('CONNECT', '/chat', 'h'), [':protocol', 'websocket'], ['sec-websocket-version', '13']],
      'GET /chat HTTP/1.1\r\nhost: h\r\nsec-websocket-version: 13\r\n\r\n',
    ],
  ])('%s', (_, fields, text) => expect(h1Request(fields)).toBe(text));

  it('edits', () => {
    expect(h1Request([...pseudo('GET', '/', 'h'), ['x-a', '1'], ['x-gone', '1'], ['b', '2']], edits)).toBe(
      'GET /new?q HTTP/1.1\r\nb: 2\r\nX-A: new\r\nHost: c\r\nX-B: 3\r\n\r\n',
    );
    expect(
      h1Response(
        [
          [':status', '200'],
          ['x-a', '1'],
          ['b', '2'],
        ],
        { ...edits, set: [] },
      ),
    ).toBe('HTTP/1.1 200 OK\r\nx-a: 1\r\nb: 2\r\nX-B: 3\r\n\r\n');
  });

  it.each([
    ['200', 'HTTP/1.1 200 OK\r\na: 1\r\n\r\n'],
    ['404', 'HTTP/1.1 404 Not Found\r\na: 1\r\n\r\n'],
    ['599', 'HTTP/1.1 599 \r\na: 1\r\n\r\n'],
  ])('RFC 9112 4: gives %s its status line', (status, text) => {
    expect(
      h1Response([
        [':status', status],
        ['a', '1'],
      ]),
    ).toBe(text);
  });

  it('survives being detached from the buffer that it was decoded in', () => {
    const head = requestOfFields([...pseudo('GET', '/p', 'h'), ['x', '1']]);
    head.detach();
    expect(out.toString('latin1', 0, writeRequestHead(out, 0, head, null, null, 0))).toBe(
      'GET /p HTTP/1.1\r\nhost: h\r\nx: 1\r\n\r\n',
    );
  });
});
