/**
 * For every doubtful form of a request, a second, strict reader behind the proxy sees the messages that the
 * proxy saw, or the proxy refuses with the stated answer. Behind each row's bytes comes GET /next: it must
 * arrive as a request of its own where the row's is forwarded, and must not where it is refused.
 */
import { createServer, type IncomingMessage, METHODS } from 'node:http';
import { duplexPair } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { requestRows, type Verdict } from './framing/request-rows.ts';
import { type FarEnd, ProxyChain, type Route } from './testing/proxy-chain.ts';
import { readStrictResponse, type StrictMessage, valuesOf } from './testing/strict-http1.ts';
import { answerTarget, StrictOrigin, strictRequests } from './testing/strict-origin.ts';

const NEXT = 'GET /next HTTP/1.1\r\nHost: next\r\n\r\n';
const routes: readonly Route[] = ['direct', 'mesh'];

describe.each(routes)('a request over HTTP/1.1, %s', (route) => {
  it.each(requestRows)('RFC %s', async (_, bytes, verdict) => {
    for (const slices of [[bytes + NEXT], [...(bytes + NEXT)]]) {
      // Slicing the longest by bytes would tell nothing more.
      if (slices.length > 5_000) continue;
      await checkRequest(route, slices, verdict);
    }
  });
});

describe('a request without a host', () => {
  const bytes = 'GET /a HTTP/1.1\r\nHost:\r\n\r\n';

  it('RFC 9112 3.2: is forwarded over HTTP/1.1', () =>
    checkRequest('direct', [bytes + NEXT], {
      kind: 'forwarded',
      method: 'GET',
      target: '/a',
      body: '',
      host: '',
    }));

  it('RFC 9113 8.3.1: cannot be sent over HTTP/2', async () => {
    const origin = new StrictOrigin(answerTarget);
    const chain = new ProxyChain('mesh', (end) => origin.accept(end));
    chain.client.send(bytes);
    await chain.settle();
    expect(origin.messages).toEqual([]);
    expect(firstStatus(chain.client)).toBe(502);
  });
});

async function checkRequest(route: Route, slices: readonly string[], verdict: Verdict): Promise<void> {
  const origin = new StrictOrigin(answerTarget);
  const chain = new ProxyChain(route, (end) => origin.accept(end));
  for (const slice of slices) chain.client.send(slice);
  await chain.settle();
  expect(origin.refusal).toBeNull();
  const seen = origin.messages.map(describeMessage);
  if (verdict.kind === 'refused') {
    expect(seen).toEqual([]);
    expect(firstStatus(chain.client)).toBe(verdict.status);
    expect(chain.client.isOver).toBe(true);
    for (const { isOver } of chain.origins) expect(isOver).toBe(true);
    return;
  }
  const { method, target, body, host } = verdict;
  expect(seen).toEqual([`${method} ${target} ${body}`, 'GET /next ']);
  if (host !== undefined) expect(valuesOf(origin.messages[0]!.fields, 'host')).toEqual([host]);
  expect(answers(chain.client, [method, 'GET'])).toEqual([method === 'HEAD' ? '' : target, '/next']);
  if (METHODS.includes(method)) for (const { text } of chain.origins) await nodeMustAgree(text);
  expect(origin.unread).toBe('');
}

function firstStatus({ text }: FarEnd): number {
  return Number(readStrictResponse(text, 0, { method: 'GET', isClosed: true }).start[1]);
}

function answers({ text }: FarEnd, methods: readonly string[]): string[] {
  const bodies: string[] = [];
  let at = 0;
  for (const method of methods) {
    const message = readStrictResponse(text, at, { method, isClosed: false });
    expect(message.start[1]).toBe('200');
    bodies.push(message.body);
    at = message.end;
  }
  expect(at).toBe(text.length);
  return bodies;
}

/** node:http, a third reader, finds the same requests in what the origin got. */
async function nodeMustAgree(text: string): Promise<void> {
  const expected = strictRequests(text).map(describeMessage);
  const seen: string[] = [];
  const [client, server] = duplexPair();
  await new Promise<void>((resolve, reject) => {
    const node = createServer({ insecureHTTPParser: false }, async (request, response) => {
      const index = seen.push('') - 1;
      seen[index] = await describeRequest(request);
      response.end();
      // In a later turn: one too many would have come by then.
      if (seen.length === expected.length && !seen.includes('')) setImmediate(resolve);
    });
    node.on('clientError', reject);
    node.emit('connection', server);
    client.resume();
    client.write(text, 'latin1');
  });
  client.destroy();
  expect(seen).toEqual(expected);
}

async function describeRequest(request: IncomingMessage): Promise<string> {
  return `${request.method} ${request.url} ${await readText(request)}`;
}

function describeMessage({ start: [method, target], body }: StrictMessage): string {
  return `${method} ${target} ${body}`;
}
