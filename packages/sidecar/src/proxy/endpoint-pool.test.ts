import type { ClientConnection, ClientConnectionOwner, ClientStream, ClientStreamHandler } from '@tulle/http';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { testMetrics } from '../metrics/testing/test-metrics.ts';
import { EndpointPool, type QueuedRequest } from './endpoint-pool.ts';
import { defaultProxyLimits, defaultProxyTimeouts } from './settings.ts';
import { Sweep, sweepIntervalMs } from './sweep.ts';

interface FakeStream extends ClientStream {
  readonly on: FakeConnection;
}

/** A connection of which the test decides when its exchanges end. */
class FakeConnection {
  readonly calls: string[] = [];
  readonly httpMajor: 1 | 2;
  activeStreams = 0;
  bulkStreams = 0;
  maxStreams: number;
  readonly #owner: ClientConnectionOwner;

  constructor(owner: ClientConnectionOwner, httpMajor: 1 | 2) {
    this.#owner = owner;
    this.httpMajor = httpMajor;
    this.maxStreams = httpMajor === 1 ? 1 : 2;
  }

  get capacity(): number {
    return Math.max(0, this.maxStreams - this.activeStreams);
  }

  get #self(): ClientConnection {
    return this as unknown as ClientConnection;
  }

  open(): FakeStream {
    this.activeStreams++;
    return { on: this } as unknown as FakeStream;
  }

  finish(): void {
    this.activeStreams--;
    this.#owner.onCapacity(this.#self);
  }

  goAway(): void {
    this.maxStreams = 0;
    this.#owner.onRetiring(this.#self);
  }

  close(): void {
    this.maxStreams = 0;
    this.activeStreams = 0;
    this.#owner.onClosed(this.#self, null);
  }

  retire(): void {
    this.maxStreams = 0;
    this.calls.push('retire');
  }

  abort(): void {
    this.calls.push('abort');
  }

  onSweep(): void {}
}

function setUp(options: { mesh?: boolean; maxConnectionsPerEndpoint?: number; hasIdentity?: boolean } = {}) {
  const { mesh = true, maxConnectionsPerEndpoint = 2, hasIdentity = true } = options;
  const clock = new FakeClock();
  const sweep = new Sweep(clock);
  const connections: FakeConnection[] = [];
  const dialer = {
    generation: 1,
    dial: (_endpoint: unknown, httpMajor: 1 | 2, owner: ClientConnectionOwner) => {
      if (!hasIdentity) return null;
      const connection = new FakeConnection(owner, httpMajor);
      connections.push(connection);
      return connection as unknown as ClientConnection;
    },
  };
  const endpoint = {
    key: '10.0.0.1:80',
    address: '10.0.0.1',
    port: 80,
    workload: '',
    owner: '',
    mesh: mesh ? { spiffeId: 'spiffe://cluster.local/ns/a/sa/b', port: 15_006 } : null,
  };
  const limits = {
    ...defaultProxyLimits,
    maxConnectionsPerEndpoint,
    maxQueuedPerEndpoint: 1,
    maxBulkConnectionsPerEndpoint: 2,
  };
  const shared = { timeouts: defaultProxyTimeouts, metrics: testMetrics(), random: Math.random };
  const pool = new EndpointPool(endpoint, 'shop/a:80', { ...shared, dialer, limits, sweep });
  pool.references = 1;
  sweep.start();
  sweep.add(pool);
  const handler = {} as ClientStreamHandler;
  const open = (httpMajor: 1 | 2, bodyBytes = -1) => {
    const stream = pool.open(httpMajor, handler, bodyBytes);
    if (stream === null || !('on' in stream)) throw new Error('no stream');
    return (stream as FakeStream).on;
  };
  return { pool, dialer, connections, clock, handler, open };
}

function queued(served: ClientStream[] = []): QueuedRequest {
  return {
    queuedSinceMs: 0,
    responseHandler: {} as ClientStreamHandler,
    onPoolReady: (stream) => void served.push(stream),
    onPoolFailure() {},
  };
}

describe('EndpointPool over HTTP/1.1', () => {
  it('uses the connection that was used last', () => {
    const { open } = setUp();
    const [one, two] = [open(1), open(1)];
    one.finish();
    two.finish();
    expect(open(1)).toBe(two);
    expect(open(1)).toBe(one);
  });

  it('opens no more than its limit, and bounds the queue', () => {
    const { pool, open, handler } = setUp();
    open(1);
    open(1);
    expect(pool.open(1, handler)).toBeNull();
    expect(pool.enqueue(queued(), 1)).toBe(true);
    expect(pool.enqueue(queued(), 1)).toBe(false);
  });

  it('serves the queue with a freed connection, or a new one for one that is gone', () => {
    const { pool, open } = setUp({ maxConnectionsPerEndpoint: 1 });
    const first = open(1);
    const served: ClientStream[] = [];
    pool.enqueue(queued(served), 1);
    first.finish();
    expect(served.map((stream) => (stream as FakeStream).on)).toEqual([first]);
    expect(pool.idleCount).toBe(0);
    pool.enqueue(queued(served), 1);
    first.close();
    expect(served).toHaveLength(2);
    expect((served[1] as FakeStream).on).not.toBe(first);
  });

  it('lets idle connections go in order after their time, and resets those that stay', () => {
    const { open, connections, clock } = setUp();
    open(1).finish();
    clock.advance(defaultProxyTimeouts.upstreamIdleMs - sweepIntervalMs);
    expect(connections[0]!.calls).toEqual([]);
    clock.advance(2 * sweepIntervalMs);
    expect(connections[0]!.calls).toEqual(['retire']);
    expect(open(1)).not.toBe(connections[0]);
    clock.advance(6_000);
    expect(connections[0]!.calls).toContain('abort');
  });

  it('uses no connection of an older identity, but keeps plain ones', () => {
    const meshed = setUp();
    meshed.open(1).finish();
    meshed.dialer.generation = 2;
    expect(meshed.open(1)).not.toBe(meshed.connections[0]);
    expect(meshed.connections[0]!.calls).toEqual(['retire']);
    const plain = setUp({ mesh: false });
    plain.open(1).finish();
    plain.dialer.generation = 2;
    expect(plain.open(1)).toBe(plain.connections[0]);
  });

  it('skips an idle connection that the peer has closed', () => {
    const { pool, open } = setUp();
    const first = open(1);
    first.finish();
    first.maxStreams = 0;
    expect(open(1)).not.toBe(first);
    first.close();
    expect(pool.openCount).toBe(1);
  });

  it('closes what is idle once no cluster lists the endpoint', () => {
    const { pool, open, clock } = setUp();
    const first = open(1);
    first.finish();
    pool.references = 0;
    clock.advance(sweepIntervalMs);
    expect(first.calls).toEqual(['retire']);
    first.close();
    expect(pool.isUnused).toBe(true);
  });

  it('never takes a used connection for a request that met a dying one', () => {
    const { pool, open, handler } = setUp();
    const first = open(1);
    first.finish();
    expect((pool.openFresh(1, handler) as FakeStream).on).not.toBe(first);
  });

  it('says why there can be no connection without an identity', () => {
    const { pool, handler } = setUp({ hasIdentity: false });
    expect(pool.open(1, handler)).toMatchObject({ status: 503, reason: 'identity_not_ready' });
    expect(pool.openCount).toBe(0);
  });
});

describe('EndpointPool over HTTP/2', () => {
  it('fills a connection before it opens another, and goes back to the first that has room', () => {
    const { open, connections } = setUp();
    expect([open(2), open(2), open(2)]).toEqual([connections[0], connections[0], connections[1]]);
    connections[0]!.finish();
    expect(open(2)).toBe(connections[0]);
  });

  it('keeps the versions apart', () => {
    const { pool, open } = setUp();
    open(1).finish();
    expect(open(2).httpMajor).toBe(2);
    const served: ClientStream[] = [];
    pool.enqueue(queued(served), 1);
    open(2).finish();
    expect(served).toEqual([]);
  });

  it('gives nothing new to a connection that goes away, and leaves it what it has', () => {
    const { open, clock } = setUp();
    const first = open(2);
    first.goAway();
    expect(open(2)).not.toBe(first);
    clock.advance(60_000);
    expect(first.calls).toEqual([]);
    first.activeStreams = 0;
    clock.advance(60_000);
    expect(first.calls).toContain('abort');
  });

  it('serves the queue as soon as the peer allows more streams', () => {
    const { pool, open, connections, handler } = setUp({ maxConnectionsPerEndpoint: 1 });
    open(2);
    open(2);
    expect(pool.open(2, handler)).toBeNull();
    const served: ClientStream[] = [];
    pool.enqueue(queued(served), 2);
    connections[0]!.maxStreams = 4;
    connections[0]!.finish();
    expect(served).toHaveLength(1);
  });

  it('gathers what a lost connection leaves behind on one other', () => {
    const { pool, open, handler } = setUp();
    const first = open(2);
    first.goAway();
    const again = [pool.openFresh(2, handler), pool.openFresh(2, handler)] as FakeStream[];
    expect(again[0]!.on).not.toBe(first);
    expect(again[1]!.on).toBe(again[0]!.on);
  });

  it('lets a connection without streams go after its time', () => {
    const { open, clock } = setUp();
    const first = open(2);
    clock.advance(2 * defaultProxyTimeouts.upstreamIdleMs);
    expect(first.calls).toEqual([]);
    first.finish();
    clock.advance(defaultProxyTimeouts.upstreamIdleMs + sweepIntervalMs);
    expect(first.calls).toEqual(['retire']);
  });
});

describe('EndpointPool and large bodies over HTTP/2', () => {
  const large = defaultProxyLimits.h2.bulkBytes;
  it('gives new requests another connection while one carries a large body, and that one again after it', () => {
    const { open, connections, pool } = setUp({ maxConnectionsPerEndpoint: 10 });
    const first = open(2);
    first.bulkStreams = 1;
    expect([open(2), open(2)]).toEqual([connections[1], connections[1]]);
    expect(pool.bulkCount).toBe(1);
    first.bulkStreams = 0;
    expect([open(2), pool.bulkCount]).toEqual([first, 0]);
  });

  it('opens what says that it is large on a connection without streams', () => {
    const { open, connections } = setUp({ maxConnectionsPerEndpoint: 10 });
    const first = open(2);
    expect(open(2, large)).toBe(connections[1]);
    first.finish();
    expect(open(2, large)).toBe(first);
    expect(open(2, large - 1).activeStreams).toBe(2);
  });

  it('lets large bodies share once their connections are all taken, and keeps one for the others', () => {
    const { open, connections, pool } = setUp({ maxConnectionsPerEndpoint: 10 });
    const bulk = () => {
      const connection = open(2, large);
      connection.bulkStreams++;
      return connection;
    };
    bulk();
    bulk();
    connections[0]!.maxStreams = connections[1]!.maxStreams = 10;
    const small = open(2);
    expect(small).toBe(connections[2]);
    expect(pool.bulkCount).toBe(2);
    small.maxStreams = 1;
    expect([bulk(), bulk()]).toEqual([connections[0], connections[1]]);
    expect(connections).toHaveLength(3);
  });

  it('lets all share at the limit of connections', () => {
    const { open, connections } = setUp({ maxConnectionsPerEndpoint: 1 });
    const first = open(2, large);
    first.bulkStreams = 1;
    expect([open(2), connections.length]).toEqual([first, 1]);
  });

  it('notices by itself that a large body is over, or that its connection is gone', () => {
    const { open, connections, pool, clock } = setUp({ maxConnectionsPerEndpoint: 10 });
    for (const connection of [open(2, large), open(2, large)]) connection.bulkStreams = 1;
    clock.advance(sweepIntervalMs);
    expect(pool.bulkCount).toBe(2);
    connections[0]!.bulkStreams = 0;
    connections[1]!.close();
    clock.advance(sweepIntervalMs);
    expect(pool.bulkCount).toBe(0);
  });
});
