/** node:http as the peer, on both sides: what it understands of ours, and we of its. */
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeadIndex } from '../message/head-index.ts';
import { ResponseHead } from '../message/response-head.ts';
import { BodyReader } from './body-reader.ts';
import { defaultH1Limits } from './limits.ts';
import { parseResponseHead } from './parse-response-head.ts';
import { parseRequest, requestOf } from './testing/parse.ts';
import { writeRequestHead } from './write-head.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly fields: string[][];
  readonly body: string;
}

const lower = (fields: string[][]) => fields.map(([name, value]) => [name!.toLowerCase(), value]);

function fieldsOf(head: HeadIndex): string[][] {
  return Array.from({ length: head.count }, (_, i) => [head.name(i), head.value(i)]);
}

async function seenBy(message: IncomingMessage): Promise<Seen> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const raw = message.rawHeaders;
  const fields = Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i]!, raw[2 * i + 1]!]);
  return { method: message.method, url: message.url, fields, body: Buffer.concat(parts).toString('latin1') };
}

describe('node:http as the server', () => {
  let server: Server;
  let port = 0;
  const seen: Seen[] = [];

  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      void seenBy(incoming).then((it) => {
        seen.push(it);
        const kind = incoming.headers['x-answer'];
        outgoing.setHeader('x-kind', String(kind));
        if (kind === 'trailers') outgoing.addTrailers({ 'x-sum': '1' });
        if (kind === 'none') outgoing.writeHead(204).end();
        else if (kind === 'length') outgoing.end('hello');
        else {
          outgoing.write('hel');
          outgoing.end('lo');
        }
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const BODY = '5\r\nhello\r\n0\r\n\r\n';
  it.each<[what: string, head: string, body: string, answer: string]>([
    ['GET', 'GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Answer: length\r\nX-Latin: \xe4\r\n', '', 'hello'],
    [
      'repeated fields',
      'GET / HTTP/1.1\r\nHost: a\r\nX-Answer: chunked\r\nCookie: a\r\nA: 1\r\nA: 2\r\n',
      '',
      'hello',
    ],
    ['a length', 'POST / HTTP/1.1\r\nHost: a\r\nX-Answer: chunked\r\nContent-Length: 3\r\n', 'abc', 'hello'],
    ['chunks', 'PUT / HTTP/1.1\r\nHost: a\r\nX-Answer: none\r\nTransfer-Encoding: chunked\r\n', BODY, ''],
    [
      'lines of the hop',
      'GET / HTTP/1.1\r\nHost: a\r\nX-Answer: length\r\nConnection: x-b, close\r\nX-B: 1\r\n',
      '',
      'hello',
    ],
    ['HEAD', 'HEAD / HTTP/1.1\r\nHost: a\r\nX-Answer: length\r\n', '', ''],
    ['absolute-form', 'GET http://b/c HTTP/1.1\r\nHost: a\r\nX-Answer: trailers\r\n', '', 'hello'],
  ])('understands a rewritten request: %s', async (_, text, body, answer) => {
    const head = requestOf(`${text}\r\n`);
    const out = Buffer.alloc(4096);
    const end = writeRequestHead(out, 0, head, null, null, 0);
    const socket = connect(port, '127.0.0.1');
    socket.write(Buffer.concat([out.subarray(0, end), Buffer.from(body)]));
    const payload = await readResponse(socket, head.isHead);
    socket.destroy();
    const it = seen.at(-1)!;
    const expected = requestOf(out.toString('latin1', 0, end));
    expect([it.method, it.url]).toEqual([expected.method(), expected.path()]);
    expect(it.fields).toEqual(fieldsOf(expected));
    expect(it.body).toBe(body === BODY ? 'hello' : body);
    expect(payload).toBe(answer);
  });
});

/** Our parser on what node sends, slice by slice; gives the payload. */
async function readResponse(socket: AsyncIterable<Buffer>, wasHead: boolean): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const slice of socket) {
    bytes = Buffer.concat([bytes, slice]);
    const head = new ResponseHead();
    const after = parseResponseHead(head, bytes, 0, bytes.length, defaultH1Limits, wasHead);
    if (after < 0) throw new Error(`refused: ${after}`);
    if (after === 0) continue;
    const reader = new BodyReader();
    reader.reset(head.framing, head.contentLength);
    let payload = '';
    for (let i = after; i < bytes.length && !reader.done; ) {
      i = reader.scanData(bytes, i, bytes.length);
      payload += bytes.toString('latin1', reader.dataStart, reader.dataEnd);
    }
    if (reader.done) return payload;
  }
  throw new Error('cut short');
}

describe('node:http as the client', () => {
  it.each<[method: string, path: string, headers: Record<string, string | string[]>, body: string | null]>([
    ['GET', '/a?b', { 'x-a': 'b', 'x-list': ['1', '2'] }, null],
    ['POST', '/', { 'content-length': '3' }, 'abc'],
    ['PUT', '/', {}, 'chunks'],
    ['DELETE', '/%20', { expect: '100-continue' }, null],
    ['OPTIONS', '*', {}, null],
  ])('sends what we understand, and understands our answer: %s %s', async (method, path, headers, body) => {
    let received = Buffer.alloc(0);
    const server = createTcpServer((socket) => {
      socket.on('data', (slice) => {
        received = Buffer.concat([received, slice]);
        const result = parseRequest(received);
        if (result === null || typeof result === 'string') return;
        const reader = new BodyReader();
        reader.reset(result.head.framing, result.head.contentLength);
        reader.scan(received, result.after, received.length);
        if (reader.done) socket.end('HTTP/1.1 200 OK\r\nx-by: tulle\r\ncontent-length: 4\r\n\r\nfine');
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, agent: false });
    if (body !== null) outgoing.write(body);
    outgoing.end();
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
    });
    const answer = await seenBy(incoming);
    expect([incoming.statusCode, incoming.headers['x-by'], answer.body]).toEqual([200, 'tulle', 'fine']);
    const head = requestOf(received.toString('latin1'));
    expect([head.method(), head.path()]).toEqual([method, path]);
    for (const [name, value] of Object.entries(headers)) {
      const values = lower(fieldsOf(head))
        .filter(([field]) => field === name)
        .map(([, v]) => v);
      expect(values).toEqual([value].flat());
    }
    server.close();
  });
});
