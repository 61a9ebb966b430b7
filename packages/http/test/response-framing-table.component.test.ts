/**
 * For every doubtful form of a response, the client gets the message that the proxy saw, an answer of the
 * proxy's own, or a message that cannot pass for whole. The exchange after it, which may go over the same
 * connection to the origin, gets its own response and nobody else's.
 */
import { describe, expect, it } from 'vitest';
import { data, headers, PREFACE, settings, settingsAck } from '../src/h2/testing/raw-frames.ts';
import { RawPeer } from '../src/h2/testing/raw-peer.ts';
import { type ResponseRow, responseRows } from './framing/response-rows.ts';
import { type FarEnd, ProxyChain, type Route } from './testing/proxy-chain.ts';
import { readStrictResponse, type StrictMessage, StrictRefusal } from './testing/strict-http1.ts';
import { answerTarget, StrictOrigin } from './testing/strict-origin.ts';

const routes: readonly Route[] = ['direct', 'mesh'];
/** Slicing the longest by bytes would tell nothing more. */
const MAX_SLICES = 5_000;

describe.each(routes)('a response to HTTP/1.1, %s', (route) => {
  it.each(responseRows)('RFC $rule', async (row) => {
    for (const slices of slicings(row.bytes)) {
      const chain = chainFor(route, row, slices);
      chain.client.send(`${row.method} ${targetOf(row)} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await chain.settle();
      expect(seenBy(chain.client, row.method)).toBe(row.expected);
      await nextMustBeServed(chain);
    }
  });
});

describe.each(routes)('a response to HTTP/2, %s', (route) => {
  it.each(responseRows)('RFC $rule', async (row) => {
    for (const slices of slicings(row.bytes)) {
      const chain = chainFor(route, row, slices);
      const client = new RawPeer((bytes) => chain.client.send(bytes), false);
      chain.client.onBytes = (bytes) => client.take(bytes);
      client.send(PREFACE, settings(), settingsAck, ...requestFrames(row));
      await chain.settle();
      expect(client.goawayCode()).toBeNull();
      expect(seenByHttp2(client)).toBe(row.expected);
      await nextMustBeServed(chain);
    }
  });
});

function slicings(bytes: string): string[][] {
  return bytes.length > MAX_SLICES ? [[bytes]] : [[bytes], [...bytes]];
}

function targetOf({ method }: ResponseRow): string {
  return method === 'CONNECT' ? 'a:1' : '/a';
}

function chainFor(route: Route, row: ResponseRow, slices: readonly string[]): ProxyChain {
  const origin = new StrictOrigin((message, end) => {
    if (message.start[1] !== targetOf(row)) return answerTarget(message, end);
    for (const slice of slices) end.send(slice);
    if (row.closes) end.end();
  });
  return new ProxyChain(route, (end) => origin.accept(end));
}

/** From another client, through the same proxies. */
async function nextMustBeServed(chain: ProxyChain): Promise<void> {
  const client = chain.connect();
  client.send('GET /next HTTP/1.1\r\nHost: next\r\n\r\n');
  await chain.settle();
  expect(seenBy(client, 'GET')).toBe('200 /next');
}

/** In the form of ResponseRow.expected. The proxy's own answer tells nothing but its status. */
function seenBy(client: FarEnd, method: string): string {
  let at = 0;
  let text = '';
  for (;;) {
    const message = read(client.text, at, method);
    if (message === null) {
      expect(client.isOver).toBe(true);
      return `${text}cut`;
    }
    const status = message.start[1];
    at = message.end;
    if (status === '502') return `${text}502`;
    if (!status.startsWith('1')) {
      const tunnelled = method === 'CONNECT' ? client.text.slice(at) : '';
      if (tunnelled === '') expect(at).toBe(client.text.length);
      return `${text}${status} ${message.body}${tunnelled}`;
    }
    text += `${status} `;
  }
}

/** Null: it is cut short, and the client can tell. */
function read(text: string, at: number, method: string): StrictMessage | null {
  try {
    return readStrictResponse(text, at, { method, isClosed: false });
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal) || !thrown.isIncomplete) throw thrown;
    return null;
  }
}

function requestFrames(row: ResponseRow): Buffer[] {
  const fields: [string, string][] = [[':method', row.method]];
  if (row.method === 'CONNECT') fields.push([':authority', 'a:1']);
  else fields.push([':scheme', 'http'], [':path', '/a'], [':authority', 'a']);
  if (row.method !== 'CONNECT') return [headers(1, fields, { isEnd: true })];
  return [headers(1, fields), data(1, '')];
}

function seenByHttp2(client: RawPeer): string {
  const statuses = client.frames
    .filter(({ streamId, fields }) => streamId === 1 && fields[0]?.[0] === ':status')
    .map(({ fields }) => fields[0]![1]);
  const last = statuses.at(-1);
  const before = statuses.slice(0, -1).map((status) => `${status} `);
  if (last === '502') return `${before.join('')}502`;
  return `${before.join('')}${client.resetCode(1) === null ? `${last} ${client.body(1)}` : 'cut'}`;
}
