/** Traces through two sidecars, told to a collector by OTLP. */
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TracingLimits } from '../src/tracing/tracing.ts';
import { Cleanup } from './cleanup.ts';
import { type CollectedSpan, OtlpCollector } from './otlp-collector.ts';
import { clientId, host, type Pair, seenBy, serverId, startEcho, startPair } from './proxy-pair.ts';

const SERVER = 2;
const CLIENT = 3;
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const callerId = '00f067aa0ba902b7';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

const fast: Partial<TracingLimits> = { batchMs: 1 };

async function open(share: number, limits = fast) {
  const collector = await new OtlpCollector().start(host, cleanup);
  const tracing = { settings: { endpoint: collector.url, share }, limits };
  const pair = await startPair({ backend: 'handle', authority, cleanup, tracing }, await startEcho(cleanup));
  return { collector, ...pair };
}

/** What the application got of a request with these fields. */
async function send({ tcp }: Pair, lines = '', target = 'server.shop'): Promise<Record<string, string>> {
  tcp.send(`GET /a?secret=1 HTTP/1.1\r\nHost: ${target}\r\n${lines}\r\n`);
  const isServed = target === 'server.shop';
  await tcp.until(isServed ? '0\r\n\r\n' : 'host name\n');
  const text = tcp.take();
  return isServed ? seenBy(text).headers : {};
}

/** Of one trace: the client's, and the server's below it. */
function bothOf(spans: readonly CollectedSpan[]): [client: CollectedSpan, server: CollectedSpan] {
  const client = spans.find(({ kind }) => kind === CLIENT)!;
  const server = spans.find(({ kind }) => kind === SERVER)!;
  expect(server).toMatchObject({ traceId: client.traceId, parentId: client.spanId });
  return [client, server];
}

describe('tracing', () => {
  it('makes one trace of a request: a span of each sidecar, and the application below them', async () => {
    const pair = await open(1);
    const { collector } = pair;
    const seen = await send(pair);
    await eventually(() => expect(collector.spans).toHaveLength(2));
    const [client, server] = bothOf(collector.spans);
    expect(client.parentId).toBe('');
    expect(seen.traceparent).toBe(`00-${server.traceId}-${server.spanId}-01`);
    expect(collector.contentTypes).toEqual(new Set(['application/x-protobuf']));
    expect(client).toMatchObject({
      name: 'GET',
      status: 0,
      service: 'client',
      attributes: {
        'http.request.method': 'GET',
        'url.path': '/a',
        'http.response.status_code': 200,
        'server.address': 'server.shop',
        'network.protocol.version': '1.1',
        'tulle.destination': 'shop/server:80',
        'tulle.peer.identity': serverId,
        'tulle.security': 'mtls',
        'tulle.request_id': seen['x-request-id'],
      },
    });
    expect(server).toMatchObject({ service: 'server', attributes: { 'tulle.peer.identity': clientId } });
    expect(pair.client.accessLog[0]).toMatchObject({ traceId: client.traceId });
    await eventually(() => expect(pair.client.sum('tulle_trace_spans_exported_total', [])).toBe(1));
  });

  it.each([
    ['traceparent', `traceparent: 00-${traceId}-${callerId}-01\r\ntracestate: a=b\r\n`],
    ['b3', `b3: ${traceId}-${callerId}-1\r\n`],
    ['x-b3-*', `X-B3-TraceId: ${traceId}\r\nX-B3-SpanId: ${callerId}\r\nX-B3-Sampled: 1\r\n`],
    ['b3 without a decision', `b3: ${traceId}-${callerId}\r\n`],
  ])("goes on with the caller's trace, in its own form: %s", async (form, lines) => {
    const pair = await open(form === 'b3 without a decision' ? 1 : 0);
    const { collector } = pair;
    const seen = await send(pair, lines);
    await eventually(() => expect(collector.spans).toHaveLength(2));
    const [client, server] = bothOf(collector.spans);
    expect(client).toMatchObject({ traceId, parentId: callerId });
    const { spanId } = server;
    const { traceparent, tracestate, b3, 'x-b3-traceid': b3Trace, 'x-b3-spanid': b3Span } = seen;
    const told = { traceparent, tracestate, b3, b3Trace, b3Span };
    if (form === 'traceparent') {
      expect(told).toEqual({ traceparent: `00-${traceId}-${spanId}-01`, tracestate: 'a=b' });
    } else if (form === 'x-b3-*') {
      expect({ ...told, sampled: seen['x-b3-sampled'] }).toEqual({
        b3Trace: traceId,
        b3Span: spanId,
        sampled: '1',
      });
    } else expect(told).toEqual({ b3: `${traceId}-${spanId}-1` });
  });

  it.each([
    ['traceparent', `traceparent: 00-${traceId}-${callerId}-00`],
    ['b3', 'b3: 0'],
    ['x-b3-sampled', 'x-b3-sampled: 0'],
  ])('records nothing that its caller does not, and passes that on: %s', async (name, line) => {
    const pair = await open(1);
    const seen = await send(pair, `${line}\r\n`);
    expect(`${name}: ${seen[name]}`).toBe(line);
    await send(pair, `traceparent: 00-${traceId}-${callerId}-01\r\n`);
    await eventually(() => expect(pair.collector.spans).toHaveLength(2));
    expect(new Set(pair.collector.spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  });

  it('tells whatever follows where chance has decided against a new trace', async () => {
    const pair = await open(0);
    const first = await send(pair);
    const second = await send(pair);
    expect(first.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(second.traceparent).toMatch(/-00$/);
    expect(second.traceparent).not.toBe(first.traceparent);
    const held = await send(pair, `b3: ${traceId}-${callerId}\r\n`);
    expect(held.b3).toBe(`${traceId}-${callerId}-0`);
    await send(pair, `traceparent: 00-${traceId}-${callerId}-01\r\n`);
    await eventually(() => expect(pair.collector.spans).toHaveLength(2));
    expect(pair.collector.spans.every((span) => span.traceId === traceId)).toBe(true);
  });

  it('starts anew after a context that is none', async () => {
    const pair = await open(1);
    const seen = await send(pair, `traceparent: 00-${'0'.repeat(32)}-${callerId}-01\r\n`);
    await eventually(() => expect(pair.collector.spans).toHaveLength(2));
    const [client, server] = bothOf(pair.collector.spans);
    expect(client.parentId).toBe('');
    expect(seen.traceparent).toBe(`00-${client.traceId}-${server.spanId}-01`);
  });

  it('says why a request failed that met no endpoint', async () => {
    const pair = await open(1);
    await send(pair, '', 'nowhere.shop');
    await eventually(() => expect(pair.collector.spans).toHaveLength(1));
    expect(pair.collector.spans[0]).toMatchObject({
      status: 2,
      attributes: {
        'http.response.status_code': 404,
        'tulle.response_flag': 'NR',
        'tulle.reason': 'unknown_host',
        'error.type': 'unknown_host',
      },
    });
  });

  it('drops and counts spans where the collector is stuck, and holds up no request', async () => {
    const pair = await open(1, { batchMs: 1, maxBatch: 2, maxWaiting: 4, exportTimeoutMs: 300 });
    const { collector, client } = pair;
    collector.isStuck = true;
    await send(pair);
    await eventually(() => expect(collector.requests).toBeGreaterThan(0));
    for (let i = 0; i < 30; i++) await send(pair);
    expect(client.requests('code="200"', 'direction="outbound"')).toBe(31);
    const dropped = () => client.sum('tulle_trace_spans_dropped_total', []);
    expect(dropped()).toBeGreaterThan(0);
    await eventually(() =>
      expect(client.sum('tulle_trace_spans_export_failures_total', [])).toBeGreaterThan(0),
    );
    collector.isStuck = false;
    await eventually(() => expect(client.sum('tulle_trace_spans_exported_total', [])).toBeGreaterThan(0));
    const counted = () =>
      ['dropped', 'exported', 'export_failures'].map((what) =>
        client.sum(`tulle_trace_spans_${what}_total`, []),
      );
    await eventually(() => expect(counted().reduce((a, b) => a + b)).toBe(31));
  });
});
