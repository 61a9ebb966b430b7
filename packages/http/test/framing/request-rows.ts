/**
 * Requests of HTTP/1.1 whose end is doubtful, each with what becomes of it. A second request follows each.
 *
 * Long because it is a table.
 */

/** What the origin gets of it: target and body as it came, or the status that the client gets. */
export type Verdict =
  | {
      readonly kind: 'forwarded';
      readonly method: string;
      readonly target: string;
      readonly body: string;
      readonly host?: string;
    }
  | { readonly kind: 'refused'; readonly status: number };

export type RequestRow = readonly [rule: string, bytes: string, verdict: Verdict];

function refused(status: number): Verdict {
  return { kind: 'refused', status };
}

function forwarded(method: string, body = '', target = '/a', host?: string): Verdict {
  return { kind: 'forwarded', method, target, body, ...(host === undefined ? {} : { host }) };
}

const post = (lines: string, body: string) => `POST /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
const get = (lines: string) => `GET /a HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const length = (value: string) => post(`Content-Length:${value}\r\n`, 'hello');
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const coding = (value: string, body = CHUNKS) => post(`Transfer-Encoding:${value}\r\n`, body);
const chunks = (body: string) => coding(' chunked', body);
const hello = forwarded('POST', 'hello');

const lengths: RequestRow[] = [
  ['9112 6.3: one length', length(' 5'), hello],
  ['9110 5.5: white space around a length', length('\t 5 \t'), hello],
  ['9110 8.6: leading zeros', length(' 005'), hello],
  ['9110 8.6: no digits', length(''), refused(400)],
  ['9110 8.6: a plus', length(' +5'), refused(400)],
  ['9110 8.6: a minus', length(' -5'), refused(400)],
  ['9110 8.6: hexadecimal', length(' 0x5'), refused(400)],
  ['9110 8.6: a fraction', length(' 5.0'), refused(400)],
  ['9110 8.6: an exponent', length(' 5e0'), refused(400)],
  ['9110 8.6: an underscore', length(' 0_5'), refused(400)],
  ['9110 8.6: quoted', length(' "5"'), refused(400)],
  ['9110 8.6: two numbers', length(' 5 5'), refused(400)],
  ['9110 8.6: a digit that is not ASCII', length(' \xb5'), refused(400)],
  ['9110 8.6: above 2^53', length(' 9007199254740993'), refused(400)],
  ['9110 8.6: 2^64 + 5', length(' 18446744073709551621'), refused(400)],
  ['9112 6.3: an equal list', length(' 5, 5'), refused(400)],
  ['9112 6.3: an unequal list', length(' 5, 6'), refused(400)],
  ['9112 6.3: equal lines', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), refused(400)],
  ['9112 6.3: unequal lines', post('Content-Length: 5\r\nContent-Length: 0\r\n', 'hello'), refused(400)],
  [
    '9112 6.3: unequal lines in another case',
    post('content-length: 5\r\nCONTENT-LENGTH: 0\r\n', 'hello'),
    refused(400),
  ],
  ['9112 5.1: a space before the colon of a length', post('Content-Length : 5\r\n', 'hello'), refused(400)],
  ['9112 5.1: a tab before the colon of a length', post('Content-Length\t: 5\r\n', 'hello'), refused(400)],
  [
    '9110 5.1: Content_Length is another field',
    post('Content_Length: 5\r\nContent-Length: 0\r\n', ''),
    forwarded('POST'),
  ],
];

const codings: RequestRow[] = [
  [
    '9112 6.1: length, then coding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    refused(400),
  ],
  [
    '9112 6.1: coding, then length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', CHUNKS),
    refused(400),
  ],
  [
    '9112 6.1: length 0 with coding',
    post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    refused(400),
  ],
  ['9112 7: chunked', coding(' chunked'), hello],
  ['9112 7: in another case', coding(' cHUNKED'), hello],
  ['9110 5.5: spaces before chunked', coding('   chunked'), hello],
  ['9110 5.5: a tab before chunked', coding('\tchunked'), refused(400)],
  ['9110 5.5: a space behind chunked', coding(' chunked '), refused(400)],
  ['9110 5.5: a tab behind chunked', coding(' chunked\t'), refused(400)],
  ['9110 5.5: VT behind chunked', coding(' chunked\x0b'), refused(400)],
  ['9110 5.5: VT before chunked', coding(' \x0bchunked'), refused(400)],
  ['9110 5.5: NUL behind chunked', coding(' chunked\0'), refused(400)],
  ['9110 5.5: DEL behind chunked', coding(' chunked\x7f'), refused(400)],
  ['9112 6.1: NBSP behind chunked', coding(' chunked\xa0'), refused(501)],
  ['9112 6.1: xchunked', coding(' xchunked'), refused(501)],
  ['9112 6.1: chunkedx', coding(' chunkedx'), refused(501)],
  ['9112 6.1: a list that does not end in chunked', coding(' chunked, identity'), refused(501)],
  ['9112 6.1: identity before chunked', coding(' identity, chunked'), refused(501)],
  ['9112 6.1: gzip before chunked', coding(' gzip, chunked'), refused(501)],
  ['9112 6.1: chunked twice', coding(' chunked, chunked'), refused(501)],
  ['9112 6.1: an empty element before', coding(' , chunked'), refused(501)],
  ['9112 6.1: an empty element behind', coding(' chunked,'), refused(501)],
  ['9112 6.1: quoted', coding(' "chunked"'), refused(501)],
  ['9112 6.1: with a parameter', coding(' chunked;q=1'), refused(501)],
  ['9112 6.1: identity', coding(' identity', ''), refused(501)],
  ['9112 6.1: nothing', coding(''), refused(501)],
  [
    '9112 6.1: identity, with a length',
    post('Content-Length: 5\r\nTransfer-Encoding: identity\r\n', 'hello'),
    refused(501),
  ],
  [
    '9112 6.1: two lines, chunked last',
    post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    refused(501),
  ],
  [
    '9112 6.1: two lines, chunked first',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', CHUNKS),
    refused(400),
  ],
  [
    '9112 6.1: two equal lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    refused(400),
  ],
  [
    '9112 5.1: a space before the colon of a coding',
    post('Transfer-Encoding : chunked\r\n', CHUNKS),
    refused(400),
  ],
  ['9112 5.2: a folded coding', post('Transfer-Encoding:\r\n chunked\r\n', CHUNKS), refused(501)],
  ['9112 5.2: a coding in a fold', post('X: y\r\n Transfer-Encoding: chunked\r\n', CHUNKS), refused(400)],
  ['9110 5.1: NUL in the name', post('Transfer-Encoding\0: chunked\r\n', CHUNKS), refused(400)],
  ['9110 5.1: a byte above 127 in the name', post('Transfer\xadEncoding: chunked\r\n', CHUNKS), refused(400)],
  [
    '9110 5.1: Transfer_Encoding is another field',
    post('Transfer_Encoding: chunked\r\nContent-Length: 5\r\n', 'hello'),
    hello,
  ],
  [
    '9112 6.1: HTTP/1.0 with chunked',
    `POST /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    refused(400),
  ],
  [
    '9112 6.1: HTTP/1.0 with chunked, kept alive',
    `POST /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    refused(400),
  ],
  [
    '9112 6.3: HTTP/1.0 with a length',
    'POST /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello',
    hello,
  ],
];

const chunked: RequestRow[] = [
  ['9112 7.1: leading zeros', chunks('0005\r\nhello\r\n0\r\n\r\n'), hello],
  [
    '9112 7.1: more digits than any size needs',
    chunks(`${'0'.repeat(13)}5\r\nhello\r\n0\r\n\r\n`),
    refused(400),
  ],
  [
    '9112 7.1: digits in both cases',
    chunks('A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n'),
    forwarded('POST', '01234567890123456789a'),
  ],
  ['9112 7.1: several zeros end it', chunks('5\r\nhello\r\n000\r\n\r\n'), hello],
  ['9112 7.1: 0x', chunks('0x5\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: a plus', chunks('+5\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: a minus', chunks('-5\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: an underscore', chunks('0_5\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: no digits', chunks('\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: only an extension', chunks(';a\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: a space before', chunks(' 5\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: a space behind', chunks('5 \r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: a tab behind', chunks('5\t\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: white space before an extension', chunks('5 ;a\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: 2^64 + 5', chunks('10000000000000005\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: 2^64 - 1', chunks('ffffffffffffffff\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: no hexadecimal digit', chunks('g\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: NUL', chunks('5\0\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 2.2: LF alone behind the size', chunks('5\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 2.2: CR alone behind the size', chunks('5\rhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: an extension', chunks('5;a=b\r\nhello\r\n0;c\r\n\r\n'), hello],
  ['9112 7.1.1: a quoted extension', chunks('5;a="b;c"\r\nhello\r\n0\r\n\r\n'), hello],
  ['9112 7.1.1: a quote that is left open ends with its line', chunks('5;a="\r\nhello\r\n0\r\n\r\n'), hello],
  ['9112 7.1.1: LF within an extension', chunks('5;a\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: CR within an extension', chunks('5;a\rb\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: LF within a quoted extension', chunks('5;a="\n"\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: NUL within an extension', chunks('5;\0\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1.1: a long extension', chunks(`5;${'a'.repeat(2_000)}\r\nhello\r\n0\r\n\r\n`), refused(400)],
  ['9112 7.1: no CRLF behind the data', chunks('5\r\nhello0\r\n\r\n'), refused(400)],
  ['9112 7.1: other bytes behind the data', chunks('5\r\nhelloxx0\r\n\r\n'), refused(400)],
  ['9112 2.2: LF alone behind the data', chunks('5\r\nhello\n0\r\n\r\n'), refused(400)],
  ['9112 2.2: CR alone behind the data', chunks('5\r\nhello\r0\r\n\r\n'), refused(400)],
  ['9112 7.1: the size is too small', chunks('4\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 7.1: the size is too large', chunks('6\r\nhello\r\n0\r\n\r\n'), refused(400)],
  ['9112 2.2: LF alone behind the last size', chunks('5\r\nhello\r\n0\n\r\n'), refused(400)],
  ['9112 2.2: LF alone at the end', chunks('5\r\nhello\r\n0\r\n\n'), refused(400)],
  ['9112 7.1: no final CRLF', chunks('5\r\nhello\r\n0\r\n'), refused(400)],
  ['9112 7.1.2: a trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n'), hello],
  ['9110 6.5.1: a trailer that frames', chunks('5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n'), refused(400)],
  [
    '9110 6.5.1: a trailer that codes',
    chunks('5\r\nhello\r\n0\r\ntransfer-encoding: chunked\r\n\r\n'),
    refused(400),
  ],
  ['9110 6.5.1: a trailer that routes', chunks('5\r\nhello\r\n0\r\nHost: b\r\n\r\n'), refused(400)],
  [
    '9110 6.5.1: a trailer of the connection',
    chunks('5\r\nhello\r\n0\r\nConnection: close\r\n\r\n'),
    refused(400),
  ],
  [
    '9112 5.1: a space before the colon of a trailer',
    chunks('5\r\nhello\r\n0\r\nx-t : 1\r\n\r\n'),
    refused(400),
  ],
  ['9112 5.2: a folded trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\r\n 2\r\n\r\n'), refused(400)],
  ['9112 2.2: LF alone behind a trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\n\r\n'), refused(400)],
  ['9112 2.2: CR within a trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\rx\r\n\r\n'), refused(400)],
];

const lines: RequestRow[] = [
  ['9112 2.2: LF alone behind the request line', 'GET /a HTTP/1.1\nHost: a\r\n\r\n', refused(400)],
  ['9112 2.2: LF alone behind a field', get('X: y\n'), refused(400)],
  ['9112 2.2: LF alone at the end', 'GET /a HTTP/1.1\r\nHost: a\r\n\n', refused(400)],
  ['9112 2.2: CR alone behind a field', get('X: y\rZ: z\r\n'), refused(400)],
  ['9112 2.2: CR twice', get('X: y\r\r\n'), refused(400)],
  ['9112 2.2: LF within a value', get('X: y\nContent-Length: 5\r\n'), refused(400)],
  ['9112 2.2: CR at the end', 'GET /a HTTP/1.1\r\nHost: a\r\n\rX', refused(400)],
  ['9110 5.5: NUL within a value', get('X: y\0z\r\n'), refused(400)],
  ['9110 5.5: BEL within a value', get('X: y\x07\r\n'), refused(400)],
  ['9110 5.5: obs-text within a value', get('X: \xe4\xff\r\n'), forwarded('GET')],
  ['9110 5.5: an empty value', get('X:\r\n'), forwarded('GET')],
  ['9110 5.1: an empty name', get(': y\r\n'), refused(400)],
  ['9110 5.1: a name with a space', get('X Y: z\r\n'), refused(400)],
  ['9110 5.1: a name with a separator', get('X(Y): z\r\n'), refused(400)],
  ['9112 5: a line without colon', get('X\r\n'), refused(400)],
  ['9112 5.2: obs-fold with a space', get('X: y\r\n z\r\n'), refused(400)],
  ['9112 5.2: obs-fold with a tab', get('X: y\r\n\tz\r\n'), refused(400)],
  [
    '9112 2.2: white space before the first field',
    'GET /a HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n',
    refused(400),
  ],
  ['9112 2.2: one empty line before', `\r\n${get('')}`, forwarded('GET')],
  ['9112 2.2: two empty lines before', `\r\n\r\n${get('')}`, refused(400)],
  ['9112 2.2: LF alone before', `\n${get('')}`, refused(400)],
  ['9112 3: a space before', ` ${get('')}`, refused(400)],
  ['9112 2.3: HTTP/0.9', 'GET /a\r\n', refused(400)],
  ['9112 2.3: HTTP/2.0', 'GET /a HTTP/2.0\r\nHost: a\r\n\r\n', refused(505)],
  ['9110 2.5: HTTP/1.2 is taken for 1.1', 'GET /a HTTP/1.2\r\nHost: a\r\n\r\n', forwarded('GET')],
  ['9112 2.3: two digits', 'GET /a HTTP/1.10\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 2.3: in lower case', 'GET /a http/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3: a space behind the version', 'GET /a HTTP/1.1 \r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3: two spaces', 'GET  /a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3: a tab', 'GET\t/a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3: FF', 'GET\f/a\fHTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9110 9.1: an unknown method', 'get /a HTTP/1.1\r\nHost: a\r\n\r\n', forwarded('get')],
  ['9110 9.1: no token', 'G@T /a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9110 9.1: a long method', `${'M'.repeat(33)} /a HTTP/1.1\r\nHost: a\r\n\r\n`, refused(400)],
];

const targets: RequestRow[] = [
  [
    '9112 3.2.2: an absolute target wins over Host',
    'GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n',
    forwarded('GET', '', '/a', 'b'),
  ],
  [
    '9112 3.2.2: an absolute target without path',
    'GET http://b HTTP/1.1\r\nHost: a\r\n\r\n',
    forwarded('GET', '', '/', 'b'),
  ],
  [
    '9112 3.2.4: OPTIONS of an absolute target without path',
    'OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n',
    forwarded('OPTIONS', '', '*', 'b'),
  ],
  ['9112 3.2.4: OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', forwarded('OPTIONS', '', '*', 'a')],
  ['9112 3.2.4: GET *', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: none of the forms', 'GET a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: another scheme', 'GET ftp://b/a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9110 4.2.4: userinfo', 'GET http://u@b/a HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: a space', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: a byte above 127', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9112 3.2: NUL', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', refused(400)],
  ['9110 4.1: a long target', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, refused(414)],
  ['9112 3.2: no Host', 'GET /a HTTP/1.1\r\n\r\n', refused(400)],
  ['9112 3.2: Host twice', get('Host: a\r\n'), refused(400)],
  ['9112 3.2: Host twice, in another case', get('hOST: b\r\n'), refused(400)],
  ['9112 3.2: Host of two names', 'GET /a HTTP/1.1\r\nHost: a b\r\n\r\n', refused(400)],
  ['9112 3.2: Host with a path', 'GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n', refused(400)],
  ['9112 3.2: Host with userinfo', 'GET /a HTTP/1.1\r\nHost: u@a\r\n\r\n', refused(400)],
  ['9112 5.1: a space before the colon of Host', 'GET /a HTTP/1.1\r\nHost : a\r\n\r\n', refused(400)],
];

const bodies: RequestRow[] = [
  [
    '9110 9.3.1: GET with a body',
    'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    forwarded('GET', 'hello'),
  ],
  [
    '9110 9.3.1: GET with chunks',
    `GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    forwarded('GET', 'hello'),
  ],
  [
    '9110 9.3.2: HEAD with a body',
    'HEAD /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    forwarded('HEAD', 'hello'),
  ],
  [
    '9110 9.3.6: CONNECT with a length',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    refused(400),
  ],
  [
    '9110 9.3.6: CONNECT with chunks',
    `CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    refused(400),
  ],
  [
    '9110 7.6.1: Connection names the length',
    post('Connection: Content-Length\r\nContent-Length: 5\r\n', 'hello'),
    refused(400),
  ],
  [
    '9110 7.6.1: Connection names the coding',
    post('Connection: close, transfer-encoding\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    refused(400),
  ],
  ['9110 7.6.1: Connection names Host', get('Connection: host\r\n'), refused(400)],
  ['9110 7.6.1: Connection is no list of tokens', get('Connection: a b\r\n'), refused(400)],
  [
    '9113 3.1: Upgrade to h2c is not taken',
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'),
    forwarded('GET'),
  ],
  [
    '8441 4: an upgrade of another method than GET is not taken',
    'DELETE /a HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    forwarded('DELETE'),
  ],
  [
    '8441 4: an upgrade to one of a list is not taken',
    get('Connection: upgrade\r\nUpgrade: websocket, x\r\n'),
    forwarded('GET'),
  ],
  [
    '9110 7.8: an upgrade with a body is not taken',
    post('Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n', 'hello'),
    hello,
  ],
  ['9110 5.4: a head that is too large', get(`X: ${'y'.repeat(70_000)}\r\n`), refused(431)],
  ['9110 5.4: too many fields', get('X: y\r\n'.repeat(120)), refused(431)],
];

export const requestRows: readonly RequestRow[] = [
  ...lengths,
  ...codings,
  ...chunked,
  ...lines,
  ...targets,
  ...bodies,
];
