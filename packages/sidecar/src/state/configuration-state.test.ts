import { join } from 'node:path';
import type { ResourceKind } from '@tulle/model';
import { createLogger, type LogFields, MetricsRegistry } from '@tulle/runtime';
import { eventually, FakeClock, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRoutes } from '../config/compile-routes.ts';
import { endpoints, service } from '../config/testing/fake-source.ts';
import { discoveryMetrics, stateMetrics } from '../control-metrics.ts';
import { DiscoveryClient } from '../discovery/discovery-client.ts';
import type { AdmissionChecks } from '../discovery/read-resource.ts';
import { FakeTransport, wireResource } from '../discovery/testing/fake-transport.ts';
import { ConfigurationState } from './configuration-state.ts';
import { StateDirectory } from './state-directory.ts';
import { encodeState } from './state-encoding.ts';
import { StateFile } from './state-file.ts';

let base: TemporaryDirectory;
let clock: FakeClock;
let log: LogFields[];

beforeEach(async () => {
  base = await temporaryDirectory('state');
  clock = new FakeClock();
  log = [];
});
afterEach(() => base.remove());

const owner = { workload: 'bookshop/web-0', trustDomain: 'cluster.local' };
const restoredHoldMs = 600_000;

/** One life of a sidecar, as far as its configuration goes. */
async function live({ checks = { routes: checkRoutes } }: { checks?: AdmissionChecks } = {}) {
  const transport = new FakeTransport();
  const logger = createLogger({ level: 'info', write: (line) => log.push(JSON.parse(line)) });
  const metrics = stateMetrics(new MetricsRegistry());
  const directory = new StateDirectory(join(base.path, 'state'), null);
  await directory.start();
  const discovery = new DiscoveryClient({
    nodeId: owner.workload,
    transport,
    checks,
    keepsWire: true,
    clock,
    random: () => 0.5,
    metrics: discoveryMetrics(new MetricsRegistry()),
    logger,
  });
  const kind = 'configuration';
  const file = new StateFile({ kind, maxBytes: 100_000, owner, directory, clock, metrics, logger });
  const state = new ConfigurationState({ file, discovery, clock, logger });
  await state.restoring.start();
  await state.saving.start();
  const stateOf = (wanted: ResourceKind, name: string) => {
    const watch = discovery.watch(wanted, name, () => {});
    return watch.state.kind;
  };
  const connect = async () => {
    await discovery.start();
    await clock.advanceAsync(0);
    transport.last.handlers.onOpen();
  };
  return { transport, discovery, state, directory, metrics, stateOf, connect };
}

const hostnames = ['catalog.bookshop', 'catalog.bookshop.svc'];
const catalog = wireResource(
  'service',
  { ...service('catalog'), hostnames },
  { name: 'bookshop/catalog', version: '7', aliases: hostnames },
);
const catalogEndpoints = wireResource('endpoints', endpoints('catalog', ['10.1.0.1']), {
  name: 'bookshop/catalog:80',
  version: '3',
});

/** A life that has used one service and met a name that does not exist, and was killed a while after. */
async function killedLife() {
  const life = await live();
  await life.connect();
  for (const [kind, name] of [
    ['service', 'catalog.bookshop'],
    ['service', 'nobody.bookshop'],
    ['service', 'late.bookshop'],
    ['endpoints', 'bookshop/catalog:80'],
    ['routes', 'bookshop/catalog:80'],
  ] as const)
    life.discovery.watch(kind, name, () => {});
  life.transport.last.respond('service', 'n1', {
    resources: [catalog],
    removedResources: ['nobody.bookshop'],
  });
  life.transport.last.respond('endpoints', 'n2', { resources: [catalogEndpoints] });
  life.transport.last.respond('routes', 'n3', { removedResources: ['bookshop/catalog:80'] });
  clock.advance(1_000);
  await eventually(() => expect(life.metrics.writes.with('configuration', 'written').value).toBe(1));
  return life;
}

describe('ConfigurationState', () => {
  it('answers at once what an earlier life knew, and nothing else', async () => {
    await killedLife();
    const next = await live();
    const known = next.discovery.watch('service', 'catalog.bookshop.svc', () => {});
    expect(known.state).toMatchObject({ kind: 'known', resource: { name: 'catalog' } });
    expect(next.stateOf('endpoints', 'bookshop/catalog:80')).toBe('known');
    expect(next.stateOf('service', 'nobody.bookshop')).toBe('absent');
    expect(next.stateOf('routes', 'bookshop/catalog:80')).toBe('absent');
    expect(next.stateOf('service', 'late.bookshop')).toBe('unknown');
    expect(next.discovery.age).toMatchObject({ source: 'disk', isInStep: false });
    expect(next.discovery.age.note).toMatch(/^configuration from disk, saved 2026-.*; control plane away /);
  });

  it('knows how old it may be, until the control plane is there', async () => {
    await killedLife();
    clock.advance(60_000);
    const { discovery, connect, transport } = await live();
    clock.advance(5_000);
    expect(discovery.age.seconds).toBe(65);
    await connect();
    expect(discovery.age).toMatchObject({ source: 'control-plane', seconds: 0, note: null });
    clock.advance(1_000);
    transport.last.handlers.onEnd('UNAVAILABLE');
    await clock.advanceAsync(3_000);
    expect(discovery.age).toMatchObject({ source: 'control-plane', seconds: 3 });
    expect(discovery.age.note).toMatch(/^control plane away since 2026-/);
  });

  it('makes nobody ready before the control plane has been tried', async () => {
    expect((await live()).discovery.age.missing).toBeNull();
    await killedLife();
    const { discovery, transport } = await live();
    expect(discovery.age.missing).toBe('the control plane has not been tried yet');
    transport.refusal = 'ECONNREFUSED';
    await discovery.start();
    await clock.advanceAsync(0);
    expect(discovery.age.missing).toBeNull();
    await discovery.stop();
    const another = await live();
    await another.connect();
    expect(another.discovery.age.missing).toBeNull();
  });

  it('tells the versions held to the first stream, so that only changes come', async () => {
    await killedLife();
    const { connect, transport } = await live();
    await connect();
    const sent = transport.last.take();
    expect(sent.find(({ typeUrl }) => typeUrl === typeUrls.service)).toMatchObject({
      resourceNamesSubscribe: ['catalog.bookshop', 'nobody.bookshop'],
      initialResourceVersions: { 'bookshop/catalog': '7' },
    });
    expect(sent.find(({ typeUrl }) => typeUrl === typeUrls.endpoints)).toMatchObject({
      initialResourceVersions: { 'bookshop/catalog:80': '3' },
    });
  });

  it('takes changes of what nobody has asked for again, and drops it a while after the stream has opened', async () => {
    await killedLife();
    const { connect, transport, discovery, stateOf } = await live();
    clock.advance(restoredHoldMs * 2);
    await connect();
    clock.advance(restoredHoldMs / 2);
    transport.last.respond('service', 'n1', { removedResources: ['bookshop/catalog'] });
    const kept = discovery.watch('endpoints', 'bookshop/catalog:80', () => {});
    expect(stateOf('service', 'catalog.bookshop')).toBe('absent');
    transport.last.take();
    await clock.advanceAsync(restoredHoldMs / 2);
    const unsubscribed = transport.last.take().flatMap((request) => request.resourceNamesUnsubscribe);
    expect(unsubscribed.sort()).toEqual(['bookshop/catalog:80', 'nobody.bookshop']);
    expect(kept.state.kind).toBe('known');
    expect(discovery.held().endpoints.resources).toHaveLength(1);
    expect(discovery.held().routes.names).toEqual([]);
  });

  it('is saved at the end of a life as it was, and not as it is taken apart', async () => {
    const { state, discovery } = await killedLife();
    const asked = discovery.watch('service', 'catalog.bookshop.svc', () => {});
    await state.saving.stop(1_000);
    asked.stop();
    await discovery.stop();
    clock.advance(10_000);
    const next = await live();
    expect(next.discovery.held().service.names).toEqual([
      'catalog.bookshop',
      'nobody.bookshop',
      'catalog.bookshop.svc',
    ]);
  });

  it('is taken as a whole or not at all', async () => {
    await killedLife();
    const checks = { endpoints: () => [{ path: 'endpoints[0]', reason: 'is not liked any more' }] };
    const { stateOf, discovery } = await live({ checks });
    expect(stateOf('service', 'catalog.bookshop')).toBe('unknown');
    expect(discovery.age.source).toBe('none');
    expect(log.at(-1)).toMatchObject({
      reason: 'is not valid: bookshop/catalog:80: endpoints[0]: is not liked any more',
    });
  });

  it.each([
    ['kinds', {}],
    ['savedMs', { kinds: {}, savedMs: 'yesterday' }],
    ['kinds.weather', { kinds: { weather: {} }, savedMs: 1 }],
    ['kinds.service.names', { kinds: { service: { names: 'all' } }, savedMs: 1 }],
    ['kinds.service.absent[1]', { kinds: { service: { names: [], absent: ['a', 1] } }, savedMs: 1 }],
    [
      'kinds.routes.resources[0].wire',
      {
        kinds: {
          routes: { names: [], absent: [], resources: [{ name: 'a', aliases: [], version: '', wire: 7 }] },
        },
        savedMs: 1,
      },
    ],
    [
      'is not valid: a: ',
      {
        kinds: {
          routes: {
            names: [],
            absent: [],
            resources: [{ name: 'a', aliases: [], version: '', wire: '////' }],
          },
        },
        savedMs: 1,
      },
    ],
  ])('starts without what is not of its form: %s', async (path, content) => {
    const { directory } = await live();
    await directory.write('configuration.state', encodeState('configuration', { ...owner, content }));
    const { discovery } = await live();
    expect(log).toMatchObject([{ reason: expect.stringContaining(path) }]);
    expect(discovery.age.source).toBe('none');
    expect(discovery.held().service.names).toEqual([]);
  });
});
