import {
  type ClientConnection,
  type ClientConnectionOwner,
  type ClientStream,
  type ClientStreamHandler,
  TransportError,
} from '@tulle/http';
import { MetricsRegistry } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { testMetrics } from '../metrics/testing/test-metrics.ts';
import { EndpointPool, type QueuedRequest } from './endpoint-pool.ts';
import { defaultProxyLimits, defaultProxyTimeouts } from './settings.ts';
import { Sweep } from './sweep.ts';

const handler = {} as ClientStreamHandler;

function setUp() {
  const registry = new MetricsRegistry();
  const clock = new FakeClock();
  const sweep = new Sweep(clock);
  const owners: ClientConnectionOwner[] = [];
  const connection = { httpMajor: 1, capacity: 1, open: () => ({}) as ClientStream, onSweep() {} };
  const dialer = {
    generation: 1,
    dial(_endpoint: unknown, _major: 1 | 2, owner: ClientConnectionOwner) {
      owners.push(owner);
      return connection as unknown as ClientConnection;
    },
  };
  const pool = new EndpointPool(
    { key: 'a:80', address: 'a', port: 80, workload: '', owner: '', mesh: null },
    'shop/a:80',
    {
      dialer,
      limits: { ...defaultProxyLimits, maxConnectionsPerEndpoint: 1, maxQueuedPerEndpoint: 1 },
      timeouts: defaultProxyTimeouts,
      sweep,
      metrics: testMetrics(registry),
      random: Math.random,
    },
  );
  sweep.start();
  sweep.add(pool);
  /** As a page shows them, without those that are zero. */
  const counted = () =>
    Object.fromEntries(
      registry
        .render()
        .split('\n')
        .map((line) => /^tulle_((?:pool|tls)_\w+)\{(.*)\} ([1-9]\d*)$/.exec(line))
        .filter((match) => match !== null)
        .map(([, name, labels, value]) => [`${name} ${labels}`, Number(value)]),
    );
  return { pool, owners, connection: connection as unknown as ClientConnection, clock, counted };
}

const waiting = (): QueuedRequest => ({
  queuedSinceMs: 0,
  responseHandler: handler,
  onPoolReady() {},
  onPoolFailure() {},
});

describe('what a pool counts', () => {
  it('is connections opened and requests that found one standing', () => {
    const { pool, owners, connection, counted } = setUp();
    pool.open(1, handler);
    owners[0]!.onCapacity(connection);
    pool.open(1, handler);
    expect(counted()).toEqual({
      'pool_connections_opened_total cluster="shop/a:80"': 1,
      'pool_requests_reused_total cluster="shop/a:80"': 1,
    });
  });

  it('is requests that find no room, and those that wait too long', () => {
    const { pool, clock, counted } = setUp();
    pool.open(1, handler);
    expect(pool.enqueue(waiting(), 1)).toBe(true);
    expect(pool.enqueue(waiting(), 1)).toBe(false);
    clock.advance(defaultProxyTimeouts.queueMs + 1_000);
    expect(counted()).toMatchObject({
      'pool_requests_overflowed_total cluster="shop/a:80"': 1,
      'pool_requests_timed_out_total cluster="shop/a:80"': 1,
    });
  });

  it.each([
    ['connect', 'ECONNREFUSED', null],
    ['handshake', 'TRANSPORT_IDENTITY', 'identity'],
    ['handshake', 'ERR_SSL_ANYTHING', 'tls'],
    ['handshake', 'ECONNRESET', 'closed'],
  ] as const)('is connections that never stood: %s, %s', (phase, code, reason) => {
    const { pool, owners, connection, counted } = setUp();
    pool.open(1, handler);
    owners[0]!.onClosed(connection, new TransportError(code, phase, ''));
    expect(counted()).toEqual({
      'pool_connections_opened_total cluster="shop/a:80"': 1,
      'pool_connections_failed_total cluster="shop/a:80"': 1,
      ...(reason === null
        ? {}
        : { [`tls_handshakes_total side="upstream",result="failed",reason="${reason}"`]: 1 }),
    });
  });

  it('is no failure where a connection that stood ends', () => {
    const { pool, owners, connection, counted } = setUp();
    pool.open(1, handler);
    owners[0]!.onClosed(connection, new TransportError('ECONNRESET', 'read', ''));
    expect(counted()).toEqual({ 'pool_connections_opened_total cluster="shop/a:80"': 1 });
  });
});
