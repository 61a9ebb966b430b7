import type { Transport } from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { EndpointPool, type QueuedRequest } from './endpoint-pool.ts';
import { defaultProxyLimits, defaultProxyTimeouts } from './settings.ts';
import { Sweep, sweepIntervalMs } from './sweep.ts';
import { UpstreamConnection } from './upstream-connection.ts';
import type { UpstreamHandler } from './upstream-dialer.ts';

class FakeTransport {
  calls: string[] = [];
  readonly handler: UpstreamHandler;

  constructor(handler: UpstreamHandler) {
    this.handler = handler;
  }

  end = () => void this.calls.push('end');
  abort = () => void this.calls.push('abort');
}

function setUp(options: { mesh?: boolean; maxConnectionsPerEndpoint?: number; hasIdentity?: boolean } = {}) {
  const { mesh = true, maxConnectionsPerEndpoint = 2, hasIdentity = true } = options;
  const clock = new FakeClock();
  const sweep = new Sweep(clock);
  const transports: FakeTransport[] = [];
  const dialer = {
    generation: 1,
    dial: (_endpoint: unknown, handler: UpstreamHandler) => {
      if (!hasIdentity) return null;
      const transport = new FakeTransport(handler);
      transports.push(transport);
      return transport as unknown as Transport;
    },
  };
  const spiffeId = 'spiffe://cluster.local/ns/a/sa/b';
  const endpoint = {
    key: '10.0.0.1:80',
    address: '10.0.0.1',
    port: 80,
    workload: '',
    mesh: mesh ? { spiffeId, port: 15_006 } : null,
  };
  const limits = { ...defaultProxyLimits, maxConnectionsPerEndpoint, maxQueuedPerEndpoint: 1 };
  const pool = new EndpointPool(endpoint, { dialer, limits, timeouts: defaultProxyTimeouts, sweep });
  pool.references = 1;
  sweep.start();
  sweep.add(pool);
  return { pool, dialer, transports, clock };
}

function connected(pool: EndpointPool): UpstreamConnection {
  const connection = pool.connect();
  if (!(connection instanceof UpstreamConnection)) throw new Error('no connection');
  return connection;
}

describe('EndpointPool', () => {
  it('gives the connection that was used last', () => {
    const { pool } = setUp();
    const [one, two] = [connected(pool), connected(pool)];
    pool.release(one);
    pool.release(two);
    expect(pool.take()).toBe(two);
    expect(pool.take()).toBe(one);
    expect(pool.take()).toBeNull();
  });

  it('opens no more than its limit, and bounds the queue', () => {
    const { pool } = setUp();
    connected(pool);
    connected(pool);
    expect(pool.connect()).toBeNull();
    const request: QueuedRequest = { queuedSinceMs: 0, onPoolReady() {}, onPoolFailure() {} };
    expect(pool.enqueue(request)).toBe(true);
    expect(pool.enqueue({ ...request })).toBe(false);
  });

  it('serves the queue with a freed connection, or a new one for one that is gone', () => {
    const { pool, transports } = setUp({ maxConnectionsPerEndpoint: 1 });
    const first = connected(pool);
    const served: UpstreamConnection[] = [];
    const request = {
      queuedSinceMs: 0,
      onPoolReady: (connection: UpstreamConnection) => void served.push(connection),
      onPoolFailure() {},
    };
    pool.enqueue(request);
    pool.release(first);
    expect(served).toEqual([first]);
    expect(pool.idleCount).toBe(0);
    pool.enqueue(request);
    transports[0]!.handler.onClose(null);
    expect(served).toHaveLength(2);
    expect(served[1]).not.toBe(first);
  });

  it('lets idle connections go in order after their time, and resets those that stay', () => {
    const { pool, transports, clock } = setUp();
    pool.release(connected(pool));
    clock.advance(defaultProxyTimeouts.upstreamIdleMs - sweepIntervalMs);
    expect(transports[0]!.calls).toEqual([]);
    clock.advance(2 * sweepIntervalMs);
    expect(transports[0]!.calls).toEqual(['end']);
    expect(pool.take()).toBeNull();
    clock.advance(6_000);
    expect(transports[0]!.calls).toContain('abort');
  });

  it('uses no connection of an older identity, but keeps plain ones', () => {
    const meshed = setUp();
    meshed.pool.release(connected(meshed.pool));
    meshed.dialer.generation = 2;
    expect(meshed.pool.take()).toBeNull();
    expect(meshed.transports[0]!.calls).toEqual(['end']);
    const plain = setUp({ mesh: false });
    plain.pool.release(connected(plain.pool));
    plain.dialer.generation = 2;
    expect(plain.pool.take()).not.toBeNull();
  });

  it('skips an idle connection that the peer has closed', () => {
    const { pool, transports } = setUp();
    pool.release(connected(pool));
    transports[0]!.handler.onEnd();
    expect(pool.take()).toBeNull();
    transports[0]!.handler.onClose(null);
    expect(pool.openCount).toBe(0);
  });

  it('closes what is idle once no cluster lists the endpoint', () => {
    const { pool, transports, clock } = setUp();
    pool.release(connected(pool));
    pool.references = 0;
    clock.advance(sweepIntervalMs);
    expect(transports[0]!.calls).toEqual(['end']);
    transports[0]!.handler.onClose(null);
    expect(pool.isUnused).toBe(true);
  });

  it('says why there can be no connection without an identity', () => {
    const { pool } = setUp({ hasIdentity: false });
    expect(pool.connect()).toMatchObject({ status: 503, reason: 'identity_not_ready' });
    expect(pool.openCount).toBe(0);
  });
});
