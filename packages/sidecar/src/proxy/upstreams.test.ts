import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { Cluster, UpstreamEndpoint } from '../config/mesh-view.ts';
import { testMetrics } from '../metrics/testing/test-metrics.ts';
import { defaultProxyLimits, defaultProxyTimeouts } from './settings.ts';
import { Sweep, sweepIntervalMs } from './sweep.ts';
import { Upstreams } from './upstreams.ts';

const endpoint = (address: string, spiffeId: string | null = null): UpstreamEndpoint => ({
  key: `${address}:80`,
  address,
  port: 80,
  workload: '',
  owner: '',
  mesh: spiffeId === null ? null : { spiffeId, port: 15_006 },
});

const cluster = (name: string, ...endpoints: UpstreamEndpoint[]): Cluster => ({
  name,
  namespace: 'shop',
  service: 'a',
  port: 80,
  protocol: 'http',
  endpoints,
});

function setUp() {
  const clock = new FakeClock();
  const sweep = new Sweep(clock);
  const dialer = { generation: 1, dial: () => null };
  const upstreams = new Upstreams({
    dialer,
    limits: defaultProxyLimits,
    timeouts: defaultProxyTimeouts,
    sweep,
    random: () => 0.5,
    metrics: testMetrics(),
  });
  sweep.add(upstreams);
  sweep.start();
  return { upstreams, clock };
}

describe('Upstreams', () => {
  it('answers the same list until discovery replaces the endpoints', () => {
    const { upstreams } = setUp();
    const one = cluster('shop/a:80', endpoint('10.0.0.1'), endpoint('10.0.0.2'));
    const before = upstreams.slotsOf(one);
    expect(upstreams.slotsOf(one)).toBe(before);
    one.endpoints = [endpoint('10.0.0.2'), endpoint('10.0.0.3')];
    const after = upstreams.slotsOf(one);
    expect(after.map((slot) => slot.endpoint.address)).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(after[0]).toBe(before[1]);
  });

  it('shares an endpoint between clusters, so that its load is known to both', () => {
    const { upstreams } = setUp();
    const [a] = upstreams.slotsOf(cluster('shop/a:80', endpoint('10.0.0.1')));
    const [b] = upstreams.slotsOf(cluster('shop/b:80', endpoint('10.0.0.1')));
    a!.pool.inFlight++;
    expect(b!.inFlight).toBe(1);
    expect(b).not.toBe(a);
  });

  it('keeps transports and identities of one address apart', () => {
    const { upstreams } = setUp();
    const ids = [null, 'spiffe://a/ns/b/sa/c', 'spiffe://a/ns/b/sa/d'];
    const slots = upstreams.slotsOf(cluster('shop/a:80', ...ids.map((id) => endpoint('10.0.0.1', id))));
    expect(new Set(slots.map((slot) => slot.pool)).size).toBe(3);
  });

  it('forgets endpoints that are gone, and clusters that nobody asks for', () => {
    const { upstreams, clock } = setUp();
    const one = cluster('shop/a:80', endpoint('10.0.0.1'));
    upstreams.slotsOf(one);
    one.endpoints = [endpoint('10.0.0.2')];
    clock.advance(2 * sweepIntervalMs);
    expect(upstreams.describe()).toMatchObject([{ endpoint: '10.0.0.2:80|plain' }]);
    clock.advance(700_000);
    expect(upstreams.describe()).toEqual([]);
  });
});
