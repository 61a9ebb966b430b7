import { type KubernetesKind, kubernetesKinds } from '@tulle/api';
import type { RawObject, ReflectorState } from '@tulle/kubernetes';
import { type IndexValues, type IndexView, SecondaryIndex, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import type { KindReflector, ReflectOptions } from './kind-reflector.ts';
import { KubernetesSource } from './kubernetes-source.ts';
import { reflectedKinds } from './reflected-kinds.ts';

/** What a reflector is seen from: objects come and go when the test says so. */
class ScriptedReflector<T> implements KindReflector<T> {
  readonly objects = new Map<string, T>();
  readonly #options: ReflectOptions<T>;
  readonly #listeners = new Set<(keys: ReadonlySet<string>) => void>();
  readonly #indexes: SecondaryIndex<T>[] = [];
  state: ReflectorState = { kind: 'listing', sinceMs: Date.UTC(2026, 0, 1), lastEventMs: null };
  hasSynced = false;

  constructor(options: ReflectOptions<T>) {
    this.#options = options;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  addIndex(_name: string, valuesOf: IndexValues<T>): IndexView<T> {
    const index = new SecondaryIndex(valuesOf);
    this.#indexes.push(index);
    return index;
  }

  onChange(listener: (keys: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sync(kind: 'watching' | 'absent' = 'watching'): void {
    this.hasSynced = true;
    this.state = { ...this.state, kind } as ReflectorState;
    this.#tell(...this.objects.keys());
  }

  put(raw: RawObject): void {
    const { namespace, name } = raw.metadata;
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    const before = this.objects.get(key);
    const read = this.#options.read(raw, before);
    if (read === null || read === before) return;
    this.objects.set(key, read);
    for (const index of this.#indexes) index.update(key, before, read);
    if (this.hasSynced) this.#tell(key);
  }

  remove(key: string): void {
    for (const index of this.#indexes) index.update(key, this.objects.get(key), undefined);
    this.objects.delete(key);
    this.#tell(key);
  }

  #tell(...keys: readonly string[]): void {
    for (const listener of this.#listeners) listener(new Set(keys));
  }
}

async function startSource() {
  const clock = new FakeClock();
  const reflectors = new Map<string, ScriptedReflector<unknown>>();
  const source = new KubernetesSource({
    reflect: (options) => {
      const made = new ScriptedReflector(options);
      reflectors.set(options.type.kind, made as unknown as ScriptedReflector<unknown>);
      return made;
    },
    clock,
    logger: silentLogger,
  });
  let changes = 0;
  source.onChange(() => changes++);
  await source.start();
  const of = (kind: KubernetesKind) => reflectors.get(kind)!;
  const syncAll = () => {
    for (const kind of kubernetesKinds) of(kind).sync();
    clock.advance(100);
  };
  return { clock, source, of, syncAll, changes: () => changes };
}

const raw = (kind: KubernetesKind, name: string, fields: object = {}, metadata: object = {}): RawObject => ({
  // As an item of a list comes: without a type.
  apiVersion: '',
  kind: '',
  metadata: {
    name,
    ...(reflectedKinds[kind].type.isNamespaced ? { namespace: 'shop' } : {}),
    uid: `uid-of-${name}`,
    managedFields: [{ manager: 'kubectl' }],
    ...metadata,
  },
  ...fields,
});

const mtls = (mode: string, metadata: object = {}) =>
  raw('PeerAuthentication', 'p', { spec: { mtls: { mode } } }, { generation: 1, ...metadata });
const pod = (fields: object, metadata: object = {}) => raw('Pod', 'web-1', fields, metadata);

describe('KubernetesSource', () => {
  it('shows nothing until every kind has been read, and says which has not', async () => {
    const { clock, source, of } = await startSource();
    for (const kind of kubernetesKinds) if (kind !== 'Pod') of(kind).sync();
    clock.advance(60_000);
    expect(source.current).toBeNull();
    expect(source.unreadyReasons()).toEqual([
      'Pod: has not been read from the API server yet (listing for 60 s)',
    ]);
    of('Pod').state = { kind: 'retrying', reason: 'Forbidden', sinceMs: clock.nowMs(), lastEventMs: null };
    expect(source.unreadyReasons()).toEqual(['Pod: cannot be read from the API server for 0 s: Forbidden']);
    of('Pod').sync();
    clock.advance(50);
    expect(source.current).not.toBeNull();
    expect(source.unreadyReasons()).toEqual([]);
  });

  it('does without kinds that the API server does not serve, and takes them when it does', async () => {
    const { clock, source, of } = await startSource();
    for (const kind of kubernetesKinds) of(kind).sync(kind === 'HTTPRoute' ? 'absent' : 'watching');
    clock.advance(50);
    expect(source.current!.HTTPRoute.size).toBe(0);
    of('HTTPRoute').put(raw('HTTPRoute', 'r', { spec: { rules: [] } }));
    of('HTTPRoute').put(raw('HTTPRoute', 'r', { spec: {} }));
    clock.advance(50);
    expect([...source.current!.HTTPRoute.keys()]).toEqual(['shop/r']);
  });

  it('finds the slices of a service, as they are now', async () => {
    const { source, of } = await startSource();
    const slice = (name: string, service: string, addressType = 'IPv4') =>
      raw(
        'EndpointSlice',
        name,
        { addressType, ports: [], endpoints: [] },
        { labels: { 'kubernetes.io/service-name': service } },
      );
    const names = (service: string) => source.slicesOf(service).map(({ metadata }) => metadata.name);
    of('EndpointSlice').put(slice('a', 'web'));
    of('EndpointSlice').put(slice('b', 'web'));
    of('EndpointSlice').put(slice('c', 'api'));
    of('EndpointSlice').put(slice('d', 'web', 'FQDN'));
    expect([names('shop/web'), names('shop/api')]).toEqual([['a', 'b'], ['c']]);
    of('EndpointSlice').put(slice('a', 'api'));
    of('EndpointSlice').remove('shop/c');
    expect([names('shop/web'), names('shop/api')]).toEqual([['b'], ['a']]);
  });

  it('keeps maps of kinds and objects that did not change', async () => {
    const { clock, source, of, syncAll, changes } = await startSource();
    of('Pod').put(pod({ status: { podIP: '10.0.0.1' } }));
    syncAll();
    const before = source.current!;
    of('Service').put(raw('Service', 'web', { spec: { ports: [{ port: 80 }] } }));
    clock.advance(50);
    expect(source.current).not.toBe(before);
    expect(source.current!.Pod).toBe(before.Pod);
    // What kubelet reports of a pod all the time is nothing that the mesh reads.
    const count = changes();
    of('Pod').put(pod({ status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready' }] } }));
    clock.advance(50);
    expect(source.current!.Pod).toBe(before.Pod);
    expect(changes()).toBe(count);
  });

  it('holds the earlier version of an object that cannot be read any more, and says so', async () => {
    const { clock, source, of, syncAll } = await startSource();
    of('PeerAuthentication').put(mtls('STRICT'));
    syncAll();
    of('PeerAuthentication').put(mtls('STRONG', { generation: 2 }));
    clock.advance(50);
    expect(source.current!.PeerAuthentication.get('shop/p')).toMatchObject({ mode: 'strict' });
    const reason = 'must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "STRONG"';
    expect(source.faults).toEqual([
      {
        severity: 'error',
        place: 'PeerAuthentication shop/p',
        path: 'spec.mtls.mode',
        reason: `${reason}; its earlier version stays in force`,
      },
    ]);
    expect(source.rejected).toEqual([
      {
        kind: 'PeerAuthentication',
        namespace: 'shop',
        name: 'p',
        uid: 'uid-of-p',
        generation: 2,
        parentRefs: [],
        isEarlierInForce: true,
        violations: [{ path: 'spec.mtls.mode', reason }],
      },
    ]);
    expect(source.rejectedCounts().get('PeerAuthentication')).toBe(1);
    of('PeerAuthentication').put(mtls('DISABLE', { generation: 3 }));
    clock.advance(50);
    expect(source.current!.PeerAuthentication.get('shop/p')).toMatchObject({ mode: 'disable' });
    expect([source.faults, source.rejected]).toEqual([[], []]);
  });

  it('leaves out an object that was never good, and one that only bears the name of a good one', async () => {
    const { clock, source, of, syncAll } = await startSource();
    of('PeerAuthentication').put(mtls('STRICT'));
    syncAll();
    of('PeerAuthentication').put(mtls('STRONG', { uid: 'another' }));
    clock.advance(50);
    expect(source.current!.PeerAuthentication.size).toBe(0);
    expect(source.rejected).toMatchObject([{ uid: 'another', isEarlierInForce: false }]);
    of('PeerAuthentication').remove('shop/p');
    clock.advance(50);
    expect(source.rejected).toEqual([]);
  });

  it('lets no platform object that it cannot read stand in the way of others', async () => {
    const { source, of, syncAll } = await startSource();
    of('Pod').put(pod({ status: { podIPs: [{ ip: 'not an address' }] } }));
    of('Pod').put(raw('Pod', 'web-2', { status: { podIP: '10.0.0.2' } }));
    syncAll();
    expect([...source.current!.Pod.keys()]).toEqual(['shop/web-2']);
    expect(source.faults).toMatchObject([{ place: 'Pod shop/web-1', path: 'status.podIPs[0].ip' }]);
    expect(source.rejected).toEqual([]);
  });

  it("says nothing of routes that are a Gateway's, and repeats a mesh route's references word for word", async () => {
    const { source, of, syncAll } = await startSource();
    const broken = (parentRef: object) => ({ spec: { parentRefs: [parentRef], rules: 'none' } });
    of('HTTPRoute').put(raw('HTTPRoute', 'ingress', broken({ name: 'gateway' })));
    const parentRef = { group: '', kind: 'Service', name: 'web', port: 80, extra: true };
    of('HTTPRoute').put(raw('HTTPRoute', 'mesh', broken(parentRef)));
    syncAll();
    expect(source.rejected).toMatchObject([{ name: 'mesh', parentRefs: [parentRef] }]);
    expect(source.faults).toHaveLength(1);
  });

  it('stays ready while the API server is away, and says how old what it serves is', async () => {
    const { clock, source, of, syncAll } = await startSource();
    of('Pod').put(pod({}));
    syncAll();
    of('Pod').state = { kind: 'retrying', reason: 'refused', sinceMs: clock.nowMs(), lastEventMs: null };
    expect(source.staleNote()).toBeNull();
    clock.advance(15_000);
    expect(source.staleNote()).toBe('Pod as it was 15 s ago, the API server cannot be read: refused');
    expect(source.unreadyReasons()).toEqual([]);
    expect(source.current!.Pod.size).toBe(1);
  });

  it('passes a lone change on at once and a storm in steps', async () => {
    const { clock, source, of, syncAll, changes } = await startSource();
    syncAll();
    const count = changes();
    of('Pod').put(pod({ status: { podIP: '10.0.0.1' } }));
    clock.advance(10);
    expect(source.current!.Pod.size).toBe(1);
    for (let i = 0; i < 1_000; i++) {
      of('Pod').put(pod({ status: { podIP: `10.0.1.${i % 250}` } }));
      clock.advance(1);
    }
    expect(changes() - count).toBeGreaterThan(10);
    expect(changes() - count).toBeLessThan(40);
  });

  it('leaves no timer behind when it stops', async () => {
    const { clock, source, of, syncAll } = await startSource();
    syncAll();
    of('Pod').put(pod({}));
    await source.stop();
    expect(clock.pendingTasks).toBe(0);
  });
});
