import { type KubernetesObject, parseManifest } from '@tulle/api';
import { MetricsRegistry } from '@tulle/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { HeldVersions } from '../../discovery/held-versions.ts';
import { resourceSetOf } from '../../sources/resource-set.ts';
import { translate } from '../../translate/translate.ts';
import type { AcknowledgementReporter, ReportedCounts } from '../acknowledgement-report.ts';
import { StatusReporter } from './status-reporter.ts';
import { StatusCluster } from './testing/status-cluster.ts';

const parentRef = { group: '', kind: 'Service', name: 'catalog' };
const meshNamespace = 'tulle-system';
const options = { trustDomain: 'cluster.local', clusterDomain: 'cluster.local', meshNamespace };

function parse(manifest: object): KubernetesObject {
  const parsed = parseManifest(manifest);
  if (!parsed.ok || parsed.value.kind === 'foreign') throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

const resources = resourceSetOf([
  parse({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'catalog', namespace: 'shop' },
    spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ports: [{ port: 80 }] },
  }),
  parse({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'catalog', namespace: 'shop', generation: 1 },
    spec: { parentRefs: [parentRef], rules: [{ backendRefs: [{ name: 'catalog', port: 80 }] }] },
  }),
  parse({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'control-planes',
      namespace: meshNamespace,
      labels: { 'kubernetes.io/service-name': 'tulle-control-plane' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http-admin', port: 15_014 }],
    endpoints: [{ addresses: ['10.0.0.2'], targetRef: { kind: 'Pod', name: 'b', namespace: meshNamespace } }],
  }),
]);

const countsOf = (proxies: number, inForce: number): ReportedCounts => ({
  generation: 1,
  proxies,
  inForce,
  rejected: 0,
  firstRejection: null,
});
const objectsOf = (counts: ReportedCounts) => new Map([['HTTPRoute shop/catalog 0', counts]]);

/** Replica `a` has begun to lead; of its own two proxies both have the route. */
async function leading(fetchText: () => Promise<string>) {
  const cluster = new StatusCluster();
  const { clock, random, logger, client } = cluster;
  cluster.put('HTTPRoute', { status: {} });
  const own = { replica: 'a', revision: '1', objects: objectsOf(countsOf(2, 2)) };
  const { statuses } = translate(resources, options);
  const reporter = new StatusReporter({
    client,
    elector: { isLeader: true, holder: 'a', onChange: () => () => {} },
    events: { record: () => {} },
    source: {
      current: resources,
      rejected: [],
      slicesOf: (service) =>
        service === 'tulle-system/tulle-control-plane' ? resources.EndpointSlice.values() : [],
    },
    pipeline: { statuses, onRun: () => () => {} },
    held: new HeldVersions(),
    acknowledged: { report: () => own } as unknown as AcknowledgementReporter,
    replica: 'a',
    meshNamespace,
    fetchText,
    clock,
    random,
    logger,
    metrics: new MetricsRegistry(),
  });
  await reporter.start();
  const isWatched = () => (reporter.describe() as { watched: { HTTPRoute: { objects: number } } }).watched;
  await expect.poll(() => isWatched()?.HTTPRoute.objects).toBe(1);
  const programmed = () => {
    const { parents = [] } = cluster.statusOf('HTTPRoute') as { parents?: { conditions: object[] }[] };
    return parents[0]?.conditions.at(-1);
  };
  return { cluster, reporter, programmed };
}

describe('StatusReporter', () => {
  let reporter: StatusReporter | null = null;
  afterEach(async () => {
    await reporter?.stop(1_000);
    reporter = null;
  });

  it('says nothing of all proxies before each replica was heard of its own', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const led = await leading(() => promise);
    reporter = led.reporter;
    await led.cluster.clock.advanceAsync(500);
    expect(led.programmed()).toBeUndefined();
    const objects = Object.fromEntries(objectsOf(countsOf(1, 0)));
    resolve(JSON.stringify({ replica: 'b', revision: '1', objects }));
    await led.cluster.clock.advanceAsync(0);
    await led.cluster.clock.advanceAsync(200);
    await expect
      .poll(led.programmed)
      .toMatchObject({ status: 'False', message: 'in force on 2 of 3 proxies' });
  });

  it('stops within a part of the time that there is, though a write hangs', async () => {
    const led = await leading(() => Promise.reject(new Error('refused')));
    led.cluster.isHanging = true;
    await led.cluster.clock.advanceAsync(200);
    await expect.poll(() => led.cluster.hanging).toBe(1);
    const stopped = led.reporter.stop(10_000);
    await led.cluster.clock.advanceAsync(2_500);
    await stopped;
    expect(led.cluster.clock.pendingTasks).toBe(0);
  });

  it('does not wait for a replica that gives no answer', async () => {
    const led = await leading(() => Promise.reject(new Error('refused')));
    reporter = led.reporter;
    await led.cluster.clock.advanceAsync(200);
    await expect
      .poll(led.programmed)
      .toMatchObject({ status: 'True', message: 'in force on 2 of 2 proxies' });
  });
});
