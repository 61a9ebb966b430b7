import { parseManifest, parseYamlDocuments } from '@tulle/api';
import type { TrustBundle } from '@tulle/model';
import { createLogger, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { TrustBundleSource } from '../identity/trust-bundle-source.ts';
import { type ResourceSet, resourceSetOf } from '../sources/resource-set.ts';
import type { ConfigFault, ResourceSource } from '../sources/resource-source.ts';
import { createConfigMetrics } from './config-metrics.ts';
import { ConfigPipeline } from './config-pipeline.ts';
import { SnapshotStore } from './snapshot-store.ts';

class FakeSource implements ResourceSource {
  readonly name = 'fake source';
  current: ResourceSet | null = null;
  faults: readonly ConfigFault[] = [];
  readonly listeners = new Set<() => void>();

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(text: string): void {
    const objects = parseYamlDocuments(text, 'test').documents.flatMap(({ object }) => {
      const parsed = parseManifest(object);
      return parsed.ok && parsed.value.kind !== 'foreign' ? [parsed.value] : [];
    });
    this.current = resourceSetOf(objects);
    for (const listener of this.listeners) listener();
  }
}

const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ port: 80 }] }\n';
const route = (backend: string) =>
  `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs: [{ group: "", kind: Service, name: a }]
  rules: [{ backendRefs: [{ name: ${backend}, port: 80 }] }]
`;

function setUp() {
  const source = new FakeSource();
  const bundles = new Set<(bundle: TrustBundle) => void>();
  const trust = {
    current: { trustDomain: 'cluster.local', rootsPem: ['one'] },
    onChange: (listener: (bundle: TrustBundle) => void) => {
      bundles.add(listener);
      return () => void bundles.delete(listener);
    },
    rotate(roots: readonly string[]) {
      this.current = { trustDomain: 'cluster.local', rootsPem: [...roots] };
      for (const listener of bundles) listener(this.current);
    },
  };
  const registry = new MetricsRegistry();
  const warnings: { faults: readonly string[] }[] = [];
  const write = (line: string) => void warnings.push(JSON.parse(line));
  const store = new SnapshotStore({ logger: silentLogger });
  const pipeline = new ConfigPipeline({
    source,
    trustBundle: trust satisfies TrustBundleSource,
    store,
    translate: {
      trustDomain: 'cluster.local',
      clusterDomain: 'cluster.local',
      meshNamespace: 'tulle-system',
    },
    clock: new FakeClock(),
    logger: createLogger({ level: 'warn', write }),
    metrics: createConfigMetrics(registry),
  });
  return { source, trust, store, pipeline, registry, warnings };
}

describe('ConfigPipeline', () => {
  it('waits for the first resources, then follows them and the trust bundle', async () => {
    const { source, trust, store, pipeline } = setUp();
    await pipeline.start();
    expect(store.current).toBeNull();
    expect(pipeline.dump().snapshot).toBeNull();
    source.set(service);
    expect(store.current?.sequence).toBe(1);
    source.set(service);
    expect(store.current?.sequence).toBe(1);
    trust.rotate(['two', 'one']);
    expect(store.current?.sequence).toBe(2);
    await pipeline.stop();
    source.set('');
    trust.rotate(['three']);
    expect(store.current?.sequence).toBe(2);
    expect(source.listeners.size).toBe(0);
  });

  it('reports what only the whole shows, in the dump and in the metrics', async () => {
    const { source, pipeline, registry } = setUp();
    await pipeline.start();
    let runs = 0;
    pipeline.onRun(() => runs++);
    source.set(`${service}---\n${route('missing')}`);
    expect(pipeline.faults).toEqual([
      {
        severity: 'error',
        place: 'HTTPRoute default/r',
        path: '',
        reason:
          'ResolvedRefs=False, BackendNotFound: spec.rules[0].backendRefs[0]: there is no Service default/missing',
      },
    ]);
    expect(registry.render()).toContain('tulle_config_faults{severity="error"} 1');
    source.set(`${service}---\n${route('a')}`);
    expect(pipeline.faults).toEqual([]);
    expect(pipeline.statuses[0]!.conditions.map(({ status }) => status)).toEqual(['True', 'True']);
    expect(registry.render()).toContain('tulle_config_faults{severity="error"} 0');
    expect(registry.render()).toContain('tulle_config_updates_total{result="replaced"} 2');
    expect(runs).toBe(2);
    const kinds = pipeline.dump().snapshot!.resources.map(({ kind, name }) => `${kind} ${name}`);
    expect(kinds).toEqual([
      'trustBundle cluster.local',
      'service default/a',
      'endpoints default/a:80',
      'routes default/a:80',
    ]);
  });

  it('warns of a policy that selects nothing, and reports one in whose place another holds', async () => {
    const { source, pipeline } = setUp();
    await pipeline.start();
    const policy = (name: string, spec: string) =>
      `---\napiVersion: tulle.dev/v1alpha1\nkind: PeerAuthentication\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
    const selecting = policy('c', '{ selector: { matchLabels: { app: x } } }');
    source.set([policy('a', '{}'), policy('b', '{}'), selecting].join(''));
    expect(pipeline.faults.map(({ severity, place, reason }) => [severity, place, reason])).toEqual([
      [
        'error',
        'PeerAuthentication default/b',
        expect.stringMatching(/^Accepted=False, Conflicted: default\/a holds in its place/),
      ],
      [
        'warning',
        'PeerAuthentication default/c',
        expect.stringMatching(/^Attached=False, NoMatchingWorkload: the selector matches no pod/),
      ],
    ]);
  });

  it('logs a fault when it appears, and not again while it stands', async () => {
    const { source, pipeline, warnings } = setUp();
    await pipeline.start();
    const broken = `${service}---\n${route('missing')}`;
    const logged = () => warnings.map(({ faults }) => faults.length);
    source.set(broken);
    source.set(broken);
    expect(logged()).toEqual([1]);
    expect(warnings[0]!.faults[0]).toMatch(
      /^error: HTTPRoute default\/r: ResolvedRefs=False, BackendNotFound/,
    );
    source.set(service);
    source.set(broken);
    expect(logged()).toEqual([1, 1]);
  });

  it('goes on serving what stood when a run fails', async () => {
    const { source, store, pipeline } = setUp();
    await pipeline.start();
    source.set(service);
    const good = store.current;
    source.current = {} as ResourceSet;
    for (const listener of source.listeners) listener();
    expect(store.current).toBe(good);
    expect(pipeline.faults[0]!.reason).toMatch(/^failed, the last good snapshot stays/);
  });
});
