/**
 * For every request of HTTP/2 that HTTP/1.1 could misread, a strict reader behind the proxy sees the message
 * that was sent, or the proxy refuses its stream. On another stream comes GET /next, which is served always.
 */
import { describe, expect, it } from 'vitest';
import { E, headers, PREFACE, settings, settingsAck } from '../src/h2/testing/raw-frames.ts';
import { RawPeer } from '../src/h2/testing/raw-peer.ts';
import { type H2Verdict, h2RequestRows } from './framing/h2-request-rows.ts';
import { ProxyChain, type Route } from './testing/proxy-chain.ts';
import { answerTarget, StrictOrigin } from './testing/strict-origin.ts';

const NEXT_ID = 9;
const next = headers(
  NEXT_ID,
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/next'],
    [':authority', 'next'],
  ],
  { isEnd: true },
);
const routes: readonly Route[] = ['direct', 'mesh'];

describe.each(routes)('a request over HTTP/2, %s', (route) => {
  it.each(h2RequestRows)('RFC 9113 %s', async (_, frames, verdict) => {
    const bytes = Buffer.concat([PREFACE, settings(), settingsAck, ...frames, next]);
    await checkRequest(route, [bytes], verdict);
    // Slicing the longest by bytes would tell nothing more.
    if (bytes.length < 5_000)
      await checkRequest(
        route,
        [...bytes].map((byte) => Buffer.of(byte)),
        verdict,
      );
  });
});

async function checkRequest(route: Route, slices: readonly Buffer[], verdict: H2Verdict): Promise<void> {
  const origin = new StrictOrigin(answerTarget);
  const chain = new ProxyChain(route, (end) => origin.accept(end));
  const client = new RawPeer((bytes) => chain.client.send(bytes), false);
  chain.client.onBytes = (bytes) => client.take(bytes);
  for (const slice of slices) client.send(slice);
  await chain.settle();
  expect(origin.refusal).toBeNull();
  expect(client.goawayCode()).toBeNull();
  expect(client.body(NEXT_ID)).toBe('/next');
  const seen = origin.messages.map(({ start: [method, target], body }) => `${method} ${target} ${body}`);
  if (verdict.kind === 'forwarded') {
    const { method, target, body } = verdict;
    expect(seen.toSorted()).toEqual([`${method} ${target} ${body}`, 'GET /next '].toSorted());
    expect(client.body(1)).toBe(method === 'HEAD' ? '' : target);
    expect(origin.unread).toBe('');
    return;
  }
  const whole = verdict.kind === 'late-reset' ? [verdict.seen] : [];
  expect(seen.filter((message) => !whole.includes(message))).toEqual(['GET /next ']);
  if (verdict.kind === 'late-reset' && seen.length > 1) return;
  if (verdict.kind === 'answered') expect(statusOf(client)).toBe(String(verdict.status));
  else expect(client.resetCode(1)).toBe(E.PROTOCOL_ERROR);
  // What had begun before the fault was seen breaks off, and cannot pass for a whole message.
  for (const { end, unread } of origin.connections) expect(unread === '' || end.isOver).toBe(true);
}

function statusOf(client: RawPeer): string | undefined {
  return client.frames.find(({ streamId, fields }) => streamId === 1 && fields.length > 0)?.fields[0]?.[1];
}
