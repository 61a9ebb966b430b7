import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { AccessLog, type EndedConnection } from './access-log.ts';
import { Exchange } from './exchange.ts';
import type { AccessLogFormat } from './settings.ts';

const own = { workload: 'web', namespace: 'shop', identity: '' };
const peer = { workload: 'cart', namespace: 'a', identity: 'spiffe://cluster.local/ns/a/sa/b' };
const get = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';

function lineOf(format: AccessLogFormat, change: Partial<Exchange>, request = get): string {
  const lines: string[] = [];
  const log = new AccessLog({
    format,
    clock: new FakeClock(),
    own: () => own,
    write: (line) => void lines.push(line),
    onOmitted: () => {},
  });
  const exchange = new Exchange();
  exchange.begin(0);
  const head = new RequestHead();
  const bytes = Buffer.from(request);
  expect(parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits)).toBe(bytes.length);
  exchange.text.capture(head);
  Object.assign(exchange, change);
  if (log.wants(exchange)) log.line({ direction: 'outbound', peer, security: 'mtls' }, exchange, 1.23456);
  return lines.join('');
}

describe('AccessLog', () => {
  it('writes one line of text, without what is empty', () => {
    const line = lineOf('text', { code: 200 });
    expect(line).toBe(
      '2026-01-01T00:00:00.000Z outbound "GET /" authority=shop protocol=http1 sourceWorkload=shop/web ' +
        'destinationWorkload=a/cart destinationIdentity=spiffe://cluster.local/ns/a/sa/b destination=unknown security=mtls ' +
        'code=200 durationMs=1.235 requestBytes=0 responseBytes=0\n',
    );
  });

  it.each(['text', 'json'] as const)('lets no client break its line (%s)', (format) => {
    const request = 'GET /" HTTP/1.1\r\nHost: shop\r\nX-Request-Id: a b="c\r\n\r\n';
    const line = lineOf(format, { detail: '"\n2026 forged\r' }, request);
    expect(line.split('\n')).toHaveLength(2);
    expect(line).not.toContain('\r');
  });

  it('says only what went wrong with `errors`, and nothing with `off`', () => {
    expect(lineOf('errors', { code: 200 })).toBe('');
    expect(JSON.parse(lineOf('errors', { code: 503, flag: 'UH' })).access).toMatchObject({
      code: 503,
      flag: 'UH',
    });
    expect(lineOf('off', { code: 503, flag: 'UH' })).toBe('');
  });

  it('keeps what stands in a query out of `errors`, which nobody has asked for', () => {
    const request = 'GET /reset?token=secret HTTP/1.1\r\nHost: shop\r\n\r\n';
    expect(lineOf('errors', { code: 503, flag: 'UH' }, request)).toContain('"path":"/reset?"');
    expect(lineOf('json', { code: 503, flag: 'UH' }, request)).toContain('"path":"/reset?token=secret"');
  });

  it('tells of so many errors and then of ten a second, and how many it has left out', () => {
    const lines: string[] = [];
    const clock = new FakeClock();
    let omitted = 0;
    const log = new AccessLog({
      format: 'errors',
      clock,
      own: () => own,
      write: (line) => void lines.push(line),
      onOmitted: () => omitted++,
    });
    const fail = () => log.wants(ended) && log.connectionLine(ended);
    for (let i = 0; i < 10_000; i++) fail();
    expect([lines.length, omitted]).toEqual([100, 9_900]);
    clock.advance(1_000);
    for (let i = 0; i < 10_000; i++) fail();
    expect(lines).toHaveLength(110);
    expect(JSON.parse(lines[100]!).access.omitted).toBe(9_900);
    expect(JSON.parse(lines[101]!).access).not.toHaveProperty('omitted');
  });

  it('writes JSON with every field', () => {
    const { access } = JSON.parse(lineOf('json', { code: 502, flag: 'UF', reason: 'connect_failed' }));
    expect(access).toMatchObject({ direction: 'outbound', code: 502, flag: 'UF', reason: 'connect_failed' });
  });

  const ended: EndedConnection = {
    direction: 'inbound',
    peer,
    service: 'shop/db:5432',
    protocol: 'tls',
    security: 'plain',
    endpoint: '10.0.0.1:5432',
    serverName: 'db.example',
    flag: 'UF',
    reason: 'connect_failed',
    detail: '',
    policy: 'shop/strict',
    durationMs: 3,
    sentBytes: 517,
    receivedBytes: 0,
  };

  it('writes a line of a relayed connection too', () => {
    const lines: string[] = [];
    const log = (format: AccessLogFormat) =>
      new AccessLog({
        format,
        clock: new FakeClock(),
        own: () => own,
        write: (line) => void lines.push(line),
        onOmitted: () => {},
      });
    log('text').connectionLine(ended);
    log('json').connectionLine(ended);
    expect(lines[0]).toBe(
      '2026-01-01T00:00:00.000Z inbound tls protocol=tls serverName=db.example sourceWorkload=a/cart ' +
        'sourceIdentity=spiffe://cluster.local/ns/a/sa/b destinationWorkload=shop/web destination=shop/db:5432 ' +
        'endpoint=10.0.0.1:5432 security=plain flag=UF reason=connect_failed policy=shop/strict ' +
        'durationMs=3 sentBytes=517 receivedBytes=0\n',
    );
    expect(JSON.parse(lines[1]!).access).toMatchObject({ direction: 'inbound', sentBytes: 517, flag: 'UF' });
    expect(log('errors').wants(ended)).toBe(true);
    expect(log('errors').wants({ flag: '' })).toBe(false);
  });
});
