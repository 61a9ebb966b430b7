/** Responses of HTTP/1.1 whose end is doubtful, each with what the client gets. Another exchange follows each. */

export interface ResponseRow {
  readonly rule: string;
  /** Of the request. */
  readonly method: string;
  readonly bytes: string;
  /** The server closes behind the bytes. */
  readonly closes: boolean;
  /** Interim statuses, the status, and the body; `cut` where the message breaks off, wherever. */
  readonly expected: string;
}

const FAILED = '502';

type Row = readonly [rule: string, bytes: string, expected: string, method?: string];

const ok = (lines: string, body: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`;
const length = (value: string) => ok(`Content-Length:${value}\r\n`, 'hello');
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const chunks = (body: string) => ok('Transfer-Encoding: chunked\r\n', body);
const EVIL = ok('Content-Length: 4\r\n', 'evil');
const HELLO = '200 hello';

const open: readonly Row[] = [
  ['9112 6.3: a length', length(' 5'), HELLO],
  ['9112 6.3: chunks', chunks(CHUNKS), HELLO],
  ['9112 6.3: equal lengths', ok('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), FAILED],
  ['9112 6.3: unequal lengths', ok('Content-Length: 5\r\nContent-Length: 4\r\n', 'hello'), FAILED],
  ['9112 6.3: a list of lengths', length(' 5, 5'), FAILED],
  ['9110 8.6: a plus', length(' +5'), FAILED],
  ['9110 8.6: no digits', length(''), FAILED],
  ['9110 8.6: 2^64 + 5', length(' 18446744073709551621'), FAILED],
  ['9112 6.3: length and coding', ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', CHUNKS), FAILED],
  ['9112 6.3: coding and length', ok('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', CHUNKS), FAILED],
  ['9112 6.1: gzip, chunked', ok('Transfer-Encoding: gzip, chunked\r\n', CHUNKS), FAILED],
  ['9112 6.1: chunked, identity', ok('Transfer-Encoding: chunked, identity\r\n', CHUNKS), FAILED],
  ['9112 6.1: xchunked', ok('Transfer-Encoding: xchunked\r\n', CHUNKS), FAILED],
  [
    '9112 6.1: two codings',
    ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', CHUNKS),
    FAILED,
  ],
  ['9110 5.5: VT behind chunked', ok('Transfer-Encoding: chunked\x0b\r\n', CHUNKS), FAILED],
  ['9112 5.1: a space before the colon', ok('Transfer-Encoding : chunked\r\n', CHUNKS), FAILED],
  [
    '9112 6.1: HTTP/1.0 with chunks',
    `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    FAILED,
  ],
  [
    '9110 7.6.1: Connection names the length',
    ok('Connection: content-length\r\nContent-Length: 5\r\n', 'hello'),
    FAILED,
  ],
  ['9112 2.2: LF alone behind the status line', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 2.2: LF alone behind a field', 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello', FAILED],
  ['9112 2.2: CR within a value', ok('X: y\rz\r\nContent-Length: 5\r\n', 'hello'), FAILED],
  ['9110 5.5: NUL within a value', ok('X: y\0\r\nContent-Length: 5\r\n', 'hello'), FAILED],
  ['9112 5.2: a folded field', ok('X: y\r\n z\r\nContent-Length: 5\r\n', 'hello'), FAILED],
  ['9112 4: LF within the reason', 'HTTP/1.1 200 O\nK\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 4: no reason', 'HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello', HELLO],
  ['9112 4: no space before no reason', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello', HELLO],
  ['9112 4: four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 4: two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9110 15: 099', 'HTTP/1.1 099 X\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9110 15: 600', 'HTTP/1.1 600 X\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 2.3: another version', 'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 2.3: another protocol', 'ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello', FAILED],
  ['9112 2.2: an empty line before', `\r\n${length(' 5')}`, FAILED],
  ['9112 6.3: a response behind the response', `${length(' 5')}${EVIL}`, HELLO],
  ['9112 6.3: bytes behind the response', `${length(' 5')}x`, HELLO],
  ['9112 6.3: a response behind the chunks', `${chunks(CHUNKS)}${EVIL}`, HELLO],
  ['9112 6.3: a response behind 204', `HTTP/1.1 204 No\r\n\r\n${EVIL}`, '204 '],
  ['9110 8.6: 204 with a length', 'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello', '204 '],
  ['9112 6.1: 204 with chunks', `HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`, '204 '],
  ['9110 15.4.5: 304 with a length', 'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n', '304 '],
  ['9112 6.3: 304 with a body', 'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello', '304 '],
  ['9112 6.1: 304 with chunks', `HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`, '304 '],
  ['9110 9.3.2: HEAD with a length', ok('Content-Length: 5\r\n', ''), '200 ', 'HEAD'],
  ['9112 6.3: HEAD with a body', length(' 5'), '200 ', 'HEAD'],
  ['9112 6.3: HEAD with chunks', chunks(CHUNKS), '200 ', 'HEAD'],
  [
    '9112 6.3: HEAD with a response as its body',
    ok(`Content-Length: ${EVIL.length}\r\n`, EVIL),
    '200 ',
    'HEAD',
  ],
  ['9110 15.2: interim, then final', `HTTP/1.1 103 Early\r\nlink: x\r\n\r\n${length(' 5')}`, '103 200 hello'],
  [
    '9110 15.2: an interim response has no body',
    `HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nhello${length(' 5')}`,
    '103 502',
  ],
  [
    '9110 15.2: an interim response has no chunks',
    `HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n${length(' 5')}`,
    '103 200 hello',
  ],
  [
    '9110 15.2.2: 101 that nobody asked for',
    `HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n${EVIL}`,
    FAILED,
  ],
  ['9110 15.2: interim without end', 'HTTP/1.1 103 Early\r\n\r\n'.repeat(40), `${'103 '.repeat(16)}502`],
  ['9112 7.1: a bad size', chunks('5\r\nhello\r\nx\r\n'), 'cut'],
  ['9112 7.1: a size of 0x', chunks('5\r\nhello\r\n0x0\r\n\r\n'), 'cut'],
  ['9112 7.1: no CRLF behind the data', chunks('5\r\nhello0\r\n\r\n'), 'cut'],
  ['9112 2.2: LF alone behind a size', chunks('5\r\nhello\r\n0\n\r\n'), 'cut'],
  ['9112 7.1.1: an extension', chunks('5;a=b\r\nhello\r\n0;c="\r\n\r\n'), HELLO],
  ['9112 7.1.1: LF within an extension', chunks('5\r\nhello\r\n0;a\nx\r\n\r\n'), 'cut'],
  ['9112 7.1.2: a trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n'), HELLO],
  ['9110 6.5.1: a trailer that frames', chunks('5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n'), 'cut'],
  ['9112 5.2: a folded trailer', chunks('5\r\nhello\r\n0\r\nx-t: 1\r\n 2\r\n\r\n'), 'cut'],
  ['9110 5.4: a head that is too large', ok(`X: ${'y'.repeat(70_000)}\r\n`, ''), FAILED],
  [
    '9110 9.3.6: a length in 2xx to CONNECT',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    HELLO,
    'CONNECT',
  ],
];

const closed: readonly Row[] = [
  ['9112 6.3: until the connection closes', ok('', 'hello'), HELLO],
  ['9112 6.3: HTTP/1.0 until the connection closes', 'HTTP/1.0 200 OK\r\n\r\nhello', HELLO],
  ['9112 6.3: HTTP/1.0 with a length', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', HELLO],
  ['9112 6.3: what looks like a response in a body that the close ends', ok('', EVIL), `200 ${EVIL}`],
  ['9112 8: less than the length', length(' 6'), 'cut'],
  ['9112 8: chunks without end', chunks('5\r\nhello\r\n'), 'cut'],
  ['9112 8: a chunk that is cut', chunks('6\r\nhello'), 'cut'],
  ['9112 8: trailers that are cut', chunks('5\r\nhello\r\n0\r\n'), 'cut'],
  ['9112 8: a head that is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n', FAILED],
  ['9112 8: nothing', '', FAILED],
  ['9112 8: only an interim response', 'HTTP/1.1 103 Early\r\n\r\n', '103 502'],
  [
    '9112 6.1: HTTP/1.0 with chunks',
    `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    FAILED,
  ],
];

function rowsOf(rows: readonly Row[], closes: boolean): ResponseRow[] {
  return rows.map(([rule, bytes, expected, method = 'GET']) => ({ rule, method, bytes, closes, expected }));
}

export const responseRows: readonly ResponseRow[] = [...rowsOf(open, false), ...rowsOf(closed, true)];
