import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { Cluster, UpstreamEndpoint } from '../config/mesh-view.ts';
import { testMetrics } from '../metrics/testing/test-metrics.ts';
import { EndpointWaits, type WaitingRequest } from './endpoint-waits.ts';
import { failures } from './failure.ts';
import { defaultProxyLimits, defaultProxyTimeouts } from './settings.ts';
import { Sweep, sweepIntervalMs } from './sweep.ts';
import { Upstreams } from './upstreams.ts';

const endpoint = (address: string): UpstreamEndpoint => ({
  key: `${address}:80`,
  address,
  port: 80,
  workload: '',
  owner: '',
  mesh: null,
});
const outcome = { failure: failures.noEndpoint, detail: 'why' };
const waitMs = 2_000;

function setUp({ maxWaiting = 10, endpoints = [endpoint('10.0.0.1')] } = {}) {
  const clock = new FakeClock();
  const sweep = new Sweep(clock);
  const upstreams = new Upstreams({
    dialer: { generation: 1, dial: () => null },
    limits: defaultProxyLimits,
    timeouts: defaultProxyTimeouts,
    sweep,
    random: () => 0.5,
    metrics: testMetrics(),
  });
  const counted: string[] = [];
  const count = (result: string) => void counted.push(result);
  const waits = new EndpointWaits({ upstreams, clock, maxWaiting, waitMs, count });
  sweep.add(upstreams);
  sweep.add(waits);
  sweep.start();
  const cluster: Cluster = {
    name: 'shop/a:80',
    namespace: 'shop',
    service: 'a',
    port: 80,
    protocol: 'http',
    endpoints,
  };
  upstreams.slotsOf(cluster);
  const told: string[] = [];
  const request = (name: string): WaitingRequest => ({
    exchange: { startedMs: clock.monotonicMs() },
    holdNumber: 0,
    resumeRouting: (holdNumber, lookup) => void told.push(`${name} goes on ${holdNumber} ${lookup}`),
    giveUp: (holdNumber, { reason }, detail) =>
      void told.push(`${name} gives up ${holdNumber} ${reason} ${detail}`),
  });
  const hold = (name: string) => waits.hold(cluster, request(name), outcome);
  const replace = (...addresses: string[]) => {
    cluster.endpoints = addresses.map(endpoint);
    upstreams.slotsOf(cluster);
  };
  const unreachable = () => {
    for (const { pool } of upstreams.slotsOf(cluster)) pool.avoidance.onUnreachable(clock.monotonicMs());
  };
  return { clock, cluster, waits, upstreams, request, hold, replace, unreachable, told, counted };
}

describe('EndpointWaits', () => {
  it('lets requests wait whose service has lost its last endpoint, and go on when it has another', () => {
    const { hold, replace, clock, cluster, told, counted, waits } = setUp();
    replace();
    expect([hold('one'), hold('two')]).toEqual([true, true]);
    clock.advance(sweepIntervalMs);
    expect(told).toEqual([]);
    cluster.endpoints = [endpoint('10.0.0.2')];
    clock.advance(sweepIntervalMs);
    expect(told).toEqual(['one goes on 1 null', 'two goes on 1 null']);
    expect(counted).toEqual(['found', 'found']);
    expect(waits.count).toBe(0);
  });

  it('lets requests wait whose every endpoint cannot be reached any more, for one that can', () => {
    const { hold, unreachable, replace, clock, told } = setUp();
    expect(hold('before')).toBe(false);
    unreachable();
    expect(hold('one')).toBe(true);
    clock.advance(sweepIntervalMs);
    expect(told).toEqual([]);
    replace('10.0.0.1', '10.0.0.2');
    clock.advance(sweepIntervalMs);
    expect(told).toEqual(['one goes on 1 null']);
  });

  it('lets them go on when an endpoint has answered again', () => {
    const { hold, unreachable, upstreams, cluster, clock, told } = setUp();
    unreachable();
    hold('one');
    upstreams.slotsOf(cluster)[0]!.pool.avoidance.onAnswer(clock.monotonicMs() + 1);
    clock.advance(sweepIntervalMs);
    expect(told).toEqual(['one goes on 1 null']);
  });

  it('answers what became of them after so long, and all the others at once from then on', () => {
    const { hold, replace, clock, told, counted, waits } = setUp();
    replace();
    hold('one');
    clock.advance(waitMs - sweepIntervalMs);
    expect(hold('two')).toBe(true);
    expect(told).toEqual([]);
    clock.advance(2 * sweepIntervalMs);
    expect(told).toEqual(['one gives up 1 no_endpoint why', 'two gives up 1 no_endpoint why']);
    expect(counted).toEqual(['in_vain', 'in_vain']);
    expect(waits.count).toBe(0);
    expect(hold('three')).toBe(false);
    clock.advance(60_000);
    expect(hold('four')).toBe(false);
  });

  it('lets them wait again at the next outage', () => {
    const { hold, replace, unreachable, clock, told } = setUp();
    replace();
    clock.advance(60_000);
    replace('10.0.0.2');
    clock.advance(60_000);
    unreachable();
    expect(hold('one')).toBe(true);
    replace('10.0.0.2', '10.0.0.3');
    clock.advance(sweepIntervalMs);
    expect(told).toEqual(['one goes on 1 null']);
  });

  it('lets nobody wait for a service that never had an endpoint', () => {
    const { hold, replace, clock } = setUp({ endpoints: [] });
    expect(hold('one')).toBe(false);
    clock.advance(1_000);
    replace();
    expect(hold('two')).toBe(false);
  });

  it('lets nobody wait longer than that in all, however often the endpoints change', () => {
    const { cluster, waits, request, replace, unreachable, clock, told } = setUp();
    const one = request('one');
    for (let round = 2; clock.monotonicMs() < waitMs; round++) {
      unreachable();
      if (!waits.hold(cluster, one, outcome)) break;
      replace(`10.0.0.${round}`);
      clock.advance(sweepIntervalMs * 3);
    }
    clock.advance(sweepIntervalMs);
    expect(told).toEqual(['one goes on 1 null', 'one goes on 2 null', 'one goes on 3 null']);
    unreachable();
    expect(waits.hold(cluster, one, outcome)).toBe(false);
  });

  it('holds so many at most', () => {
    const { hold, replace, counted } = setUp({ maxWaiting: 2 });
    replace();
    expect([hold('one'), hold('two'), hold('three')]).toEqual([true, true, false]);
    expect(counted).toEqual(['overflow']);
  });
});
