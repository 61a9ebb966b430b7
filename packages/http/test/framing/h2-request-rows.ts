/** Requests of HTTP/2 that would mean something else as HTTP/1.1, each with what becomes of it (on stream 1). */
import { continuation, data, F, frame, headers, openHeaders, T } from '../../src/h2/testing/raw-frames.ts';
import { literalFields } from '../../src/h2/testing/raw-hpack.ts';

export type H2Verdict =
  | { readonly kind: 'forwarded'; readonly method: string; readonly target: string; readonly body: string }
  /** RST_STREAM with PROTOCOL_ERROR: the message is malformed (RFC 9113 section 8.1.1). */
  | { readonly kind: 'reset' }
  /** As `reset`, but for a fault that comes behind a message that was whole to HTTP/1.1 already. */
  | { readonly kind: 'late-reset'; readonly seen: string }
  | { readonly kind: 'answered'; readonly status: number };

export type H2RequestRow = readonly [rule: string, frames: readonly Buffer[], verdict: H2Verdict];

type Fields = readonly (readonly [string, string])[];

const reset: H2Verdict = { kind: 'reset' };

function forwarded(method: string, body = '', target = '/a'): H2Verdict {
  return { kind: 'forwarded', method, target, body };
}

const pseudo = (method: string, path = '/a', authority = 'a'): Fields => [
  [':method', method],
  [':scheme', 'http'],
  [':path', path],
  [':authority', authority],
];
const request = (fields: Fields) => [headers(1, fields, { isEnd: true })];
const get = (...fields: Fields) => request([...pseudo('GET'), ...fields]);
const post = (fields: Fields, body: string) => [
  headers(1, [...pseudo('POST'), ...fields]),
  data(1, body, { isEnd: true }),
];
const trailed = (fields: Fields) => [
  headers(1, pseudo('POST')),
  data(1, 'hello'),
  headers(1, fields, { isEnd: true }),
];
const hello = forwarded('POST', 'hello');

const lengths: H2RequestRow[] = [
  ['8.1.1: a length that DATA keeps', post([['content-length', '5']], 'hello'), hello],
  ['8.1.1: no length', post([], 'hello'), hello],
  ['8.1.1: less DATA than the length', post([['content-length', '6']], 'hello'), reset],
  ['8.1.1: more DATA than the length', post([['content-length', '4']], 'hello'), reset],
  ['8.1.1: a length and no DATA', request([...pseudo('POST'), ['content-length', '5']]), reset],
  [
    '8.1.1: DATA against length 0',
    post([['content-length', '0']], 'hello'),
    { kind: 'late-reset', seen: 'POST /a ' },
  ],
  ['8.1.1: length 0', request([...pseudo('POST'), ['content-length', '0']]), forwarded('POST')],
  [
    '8.1.1: less DATA, ended by trailers',
    [
      headers(1, [...pseudo('POST'), ['content-length', '6']]),
      data(1, 'hello'),
      headers(1, [['x-t', '1']], { isEnd: true }),
    ],
    reset,
  ],
  ['9110 8.6: a plus', post([['content-length', '+5']], 'hello'), reset],
  ['9110 8.6: an equal list', post([['content-length', '5, 5']], 'hello'), reset],
  ['9110 8.6: above 2^53', post([['content-length', '9007199254740997']], 'hello'), reset],
  [
    '9112 6.3: equal fields',
    post(
      [
        ['content-length', '5'],
        ['content-length', '5'],
      ],
      'hello',
    ),
    reset,
  ],
  [
    '9112 6.3: unequal fields',
    post(
      [
        ['content-length', '5'],
        ['content-length', '0'],
      ],
      'hello',
    ),
    reset,
  ],
  [
    '8.1: a body in parts',
    [headers(1, pseudo('POST')), data(1, 'he'), data(1, ''), data(1, 'llo'), data(1, '', { isEnd: true })],
    hello,
  ],
  [
    '6.1: padding is no body',
    [
      headers(1, pseudo('POST')),
      frame(T.DATA, F.PADDED | F.END_STREAM, 1, Buffer.from('\x03helloxyz', 'latin1')),
    ],
    hello,
  ],
  [
    '9110 9.3.1: GET with a body',
    [headers(1, pseudo('GET')), data(1, 'hello', { isEnd: true })],
    forwarded('GET', 'hello'),
  ],
  [
    '9110 9.3.2: HEAD with a body',
    [headers(1, pseudo('HEAD')), data(1, 'hello', { isEnd: true })],
    forwarded('HEAD', 'hello'),
  ],
  [
    '8.1: a body that reads as a request',
    post([], 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'),
    forwarded('POST', 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'),
  ],
  [
    '8.1: a body that reads as the last chunk',
    post([], '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'),
    forwarded('POST', '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'),
  ],
];

const connection: H2RequestRow[] = [
  ['8.2.2: transfer-encoding', post([['transfer-encoding', 'chunked']], '0\r\n\r\n'), reset],
  ['8.2.2: transfer-encoding identity', get(['transfer-encoding', 'identity']), reset],
  ['8.2.2: connection', get(['connection', 'close']), reset],
  ['8.2.2: keep-alive', get(['keep-alive', '1']), reset],
  ['8.2.2: proxy-connection', get(['proxy-connection', 'close']), reset],
  ['8.2.2: upgrade', get(['upgrade', 'websocket']), reset],
  ['8.2.2: te other than trailers', get(['te', 'gzip']), reset],
  ['8.2.2: te with more than trailers', get(['te', 'trailers, gzip']), reset],
  ['8.2.2: te trailers', get(['te', 'trailers']), forwarded('GET')],
];

const bytes: H2RequestRow[] = [
  ['8.2.1: CRLF in a value', get(['x', 'y\r\nContent-Length: 5']), reset],
  ['8.2.1: a whole request in a value', get(['x', 'y\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a']), reset],
  ['8.2.1: CR in a value', get(['x', 'y\rz']), reset],
  ['8.2.1: LF in a value', get(['x', 'y\nz']), reset],
  ['8.2.1: NUL in a value', get(['x', 'y\0z']), reset],
  ['8.2.1: a space before a value', get(['x', ' y']), reset],
  ['8.2.1: a tab behind a value', get(['x', 'y\t']), reset],
  ['8.2.1: CRLF in a name', get(['x\r\ncontent-length', '5']), reset],
  ['8.2.1: a colon in a name', get(['transfer-encoding: chunked\r\nx', 'y']), reset],
  ['8.2.1: a colon behind a name', get(['content-length:', '5']), reset],
  ['8.2.1: a space behind a name', get(['content-length ', '5']), reset],
  ['8.2.1: an upper case name', get(['X', 'y']), reset],
  ['8.2.1: an upper case length', get(['Content-Length', '5']), reset],
  ['8.2.1: an empty name', get(['', 'y']), reset],
  ['8.2.1: a byte above 127 in a name', get(['x\xe4', 'y']), reset],
  ['8.2.1: obs-text in a value', get(['x', '\xe4']), forwarded('GET')],
  ['8.2.3: cookies come together', get(['cookie', 'a=b'], ['cookie', 'c=d']), forwarded('GET')],
];

const control: H2RequestRow[] = [
  ['8.3.1: a method with a space', request(pseudo('GET /smuggled HTTP/1.1\r\nx: ')), reset],
  ['8.3.1: an empty method', request(pseudo('')), reset],
  ['8.3.1: CRLF in the path', request(pseudo('GET', '/a HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled')), reset],
  ['8.3.1: a space in the path', request(pseudo('GET', '/a b')), reset],
  ['8.3.1: a tab in the path', request(pseudo('GET', '/a\tb')), reset],
  ['8.3.1: a fragment in the path', request(pseudo('GET', '/a#b')), reset],
  ['8.3.1: an absolute path', request(pseudo('GET', 'http://b/a')), reset],
  ['8.3.1: a path without slash', request(pseudo('GET', 'a')), reset],
  ['8.3.1: a path that names a host', request(pseudo('GET', '@b/a')), reset],
  ['8.3.1: an empty path', request(pseudo('GET', '')), reset],
  ['8.3.1: * but for OPTIONS', request(pseudo('GET', '*')), reset],
  ['8.3.1: OPTIONS *', request(pseudo('OPTIONS', '*')), forwarded('OPTIONS', '', '*')],
  ['8.3.1: a long path', request(pseudo('GET', `/${'a'.repeat(9_000)}`)), { kind: 'answered', status: 414 }],
  ['8.3.1: CRLF in the authority', request(pseudo('GET', '/a', 'a\r\nX: y')), reset],
  ['8.3.1: userinfo in the authority', request(pseudo('GET', '/a', 'u@a')), reset],
  ['8.3.1: a path in the authority', request(pseudo('GET', '/a', 'a/b')), reset],
  ['8.3.1: Host agrees with the authority', get(['host', 'a']), forwarded('GET')],
  ['8.3.1: Host disagrees with the authority', get(['host', 'b']), reset],
  ['8.3.1: Host twice', get(['host', 'a'], ['host', 'a']), reset],
  [
    '8.3.1: Host alone',
    request([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/a'],
      ['host', 'a'],
    ]),
    forwarded('GET'),
  ],
  [
    '8.3.1: another scheme',
    request([
      [':method', 'GET'],
      [':scheme', 'ftp'],
      [':path', '/a'],
      [':authority', 'a'],
    ]),
    reset,
  ],
  [
    '8.3.1: a scheme that injects',
    request([
      [':method', 'GET'],
      [':scheme', 'http://b/x?'],
      [':path', '/a'],
      [':authority', 'a'],
    ]),
    reset,
  ],
  ['8.3.1: no method', request(pseudo('GET').slice(1)), reset],
  [
    '8.3.1: no scheme',
    request([
      [':method', 'GET'],
      [':path', '/a'],
      [':authority', 'a'],
    ]),
    reset,
  ],
  [
    '8.3.1: no path',
    request([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'a'],
    ]),
    reset,
  ],
  ['8.3.1: two methods', get([':method', 'POST']), reset],
  ['8.3.1: two paths', request([...pseudo('GET'), [':path', '/b']]), reset],
  ['8.3: a pseudo-header field behind others', request([['x', 'y'], ...pseudo('GET')]), reset],
  ['8.3: an unknown pseudo-header field', request([...pseudo('GET'), [':x', 'y']]), reset],
  ['8.3: a pseudo-header field of responses', request([...pseudo('GET'), [':status', '200']]), reset],
  ['8.5: CONNECT with a path', request(pseudo('CONNECT')), reset],
  [
    '8.5: CONNECT with a length',
    [
      headers(1, [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
        ['content-length', '5'],
      ]),
    ],
    reset,
  ],
  [
    '8.5: CONNECT that ends at once',
    [
      headers(
        1,
        [
          [':method', 'CONNECT'],
          [':authority', 'a:1'],
        ],
        { isEnd: true },
      ),
    ],
    forwarded('CONNECT', '', 'a:1'),
  ],
  [
    '6.10: a head in CONTINUATION',
    [
      openHeaders(1, literalFields(pseudo('GET').slice(0, 2)), { isEnd: true }),
      continuation(1, literalFields(pseudo('GET').slice(2)), true),
    ],
    forwarded('GET'),
  ],
];

const trailers: H2RequestRow[] = [
  ['8.1: trailers', trailed([['x-t', '1']]), hello],
  ['8.1: trailers with a pseudo-header field', trailed([[':path', '/b']]), reset],
  ['8.2.2: trailers with transfer-encoding', trailed([['transfer-encoding', 'chunked']]), reset],
  [
    '8.2.1: trailers with CRLF',
    trailed([['x-t', '1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n']]),
    reset,
  ],
  ['9110 6.5.1: a length among trailers is dropped', trailed([['content-length', '9']]), hello],
  ['9110 6.5.1: Host among trailers is dropped', trailed([['host', 'b']]), hello],
];

export const h2RequestRows: readonly H2RequestRow[] = [
  ...lengths,
  ...connection,
  ...bytes,
  ...control,
  ...trailers,
];
