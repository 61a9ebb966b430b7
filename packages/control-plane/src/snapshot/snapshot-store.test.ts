import type { RouteTable } from '@tulle/model';
import { silentLogger } from '@tulle/runtime';
import { describe, expect, it } from 'vitest';
import type { TranslatedMesh } from '../translate/translated.ts';
import { aliasClashes, buildSnapshot } from './build-snapshot.ts';
import { contentHash } from './content-hash.ts';
import type { MeshSnapshot } from './mesh-snapshot.ts';
import type { ClientView } from './snapshot.ts';
import { SnapshotStore } from './snapshot-store.ts';

const bundle = { trustDomain: 'cluster.local', rootsPem: ['root'] };
const client: ClientView = { namespace: 'shop', serviceAccount: 'web', workload: 'shop/web-1' };

function mesh({ port = 80, weight = 1, backend = 'a', virtualIp = '10.0.0.2' } = {}): TranslatedMesh {
  const service = (name: string, ip: string, number: number) => ({
    namespace: 'shop',
    name,
    ports: [{ port: number, name: '', protocol: 'http' as const }],
    virtualIps: [ip],
    hostnames: [`${name}.shop`, `${name}.shop.svc`],
  });
  const table = (to: string) => ({
    namespace: 'shop',
    name: 'a',
    port: 80,
    rules: [
      {
        name: `shop/${to}/0`,
        match: { path: null, method: null, headers: [] },
        backends: [{ kind: 'service' as const, service: { namespace: 'shop', name: to, port: 80 }, weight }],
      },
    ],
  });
  return {
    services: [service('a', '10.0.0.1', 80), service('b', virtualIp, port)],
    endpoints: [
      { namespace: 'shop', name: 'a', port: 80, protocol: 'http', endpoints: [] },
      { namespace: 'shop', name: 'b', port, protocol: 'http', endpoints: [] },
    ],
    peers: [
      {
        namespace: 'shop',
        name: 'web-1',
        owner: 'web',
        addresses: ['10.0.0.9', 'fd00::9'],
        transport: { kind: 'plain' },
        ports: [],
      },
    ],
    routes: [
      { clientNamespace: null, table: table(backend) },
      { clientNamespace: 'clients', table: table('a') },
    ],
    workloads: [
      {
        namespace: 'shop',
        name: 'web-1',
        identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' },
        owner: 'web',
        addresses: ['10.0.0.9'],
        ports: [],
        defaultMtls: { mode: 'permissive', policy: 'default' },
        outbound: { unknownDestinations: 'allow' },
      },
    ],
  };
}

/** Built from other lists, so that everything is compared. */
const after = (snapshot: MeshSnapshot) => ({ snapshot, mesh: mesh() });

describe('buildSnapshot', () => {
  it('keeps the very entries that say the same, and the snapshot where all do', () => {
    const first = buildSnapshot(null, mesh(), bundle);
    expect(buildSnapshot(after(first), mesh(), { ...bundle })).toBe(first);
    const second = buildSnapshot(after(first), mesh({ weight: 2 }), bundle);
    expect(second.sequence).toBe(first.sequence + 1);
    const pair = (kind: 'service' | 'endpoints' | 'routes', name: string) => [
      first.lookup(kind, name, client),
      second.lookup(kind, name, client),
    ];
    const [service, sameService] = pair('service', 'shop/a');
    expect(sameService).toBe(service);
    const [routes, otherRoutes] = pair('routes', 'shop/a:80');
    expect(otherRoutes).not.toBe(routes);
    expect(otherRoutes!.version).not.toBe(routes!.version);
  });

  it('finds a pod by its name and each of its addresses', () => {
    const snapshot = buildSnapshot(null, mesh(), bundle);
    const peer = snapshot.lookup('peer', 'shop/web-1', client);
    expect(peer).not.toBeNull();
    for (const address of ['10.0.0.9', 'fd00::9'])
      expect(snapshot.lookup('peer', address, client)).toBe(peer);
    expect(snapshot.lookup('peer', '10.0.0.8', client)).toBeNull();
    expect(buildSnapshot(after(snapshot), { ...mesh(), peers: [] }, bundle)).not.toBe(snapshot);
  });

  it('notices that something is gone', () => {
    const first = buildSnapshot(null, mesh(), bundle);
    const second = buildSnapshot(after(first), { ...mesh(), routes: mesh().routes.slice(0, 1) }, bundle);
    expect(second).not.toBe(first);
    const third = buildSnapshot(after(second), { ...mesh(), routes: [] }, bundle);
    expect(third.lookup('routes', 'shop/a:80', client)).toBeNull();
    expect(third.counts()).toEqual({
      service: 2,
      peer: 1,
      endpoints: 2,
      routes: 0,
      workload: 1,
      trustBundle: 1,
    });
  });

  it('finds services by name, host name and virtual IP', () => {
    const snapshot = buildSnapshot(null, mesh(), bundle);
    const service = snapshot.lookup('service', 'shop/a', client);
    expect(service?.aliases).toEqual(['a.shop', 'a.shop.svc', '10.0.0.1']);
    for (const alias of service!.aliases) expect(snapshot.lookup('service', alias, client)).toBe(service);
    expect(snapshot.lookup('service', 'c.shop', client)).toBeNull();
    expect(snapshot.lookup('trustBundle', 'cluster.local', client)?.resource).toBe(bundle);
  });

  it('gives an alias that two services claim to the first by name', () => {
    const clashing = mesh({ virtualIp: '10.0.0.1' });
    const snapshot = buildSnapshot(null, clashing, bundle);
    expect(snapshot.lookup('service', '10.0.0.1', client)?.name).toBe('shop/a');
    expect(snapshot.lookup('service', 'shop/b', client)?.aliases).toEqual(['b.shop', 'b.shop.svc']);
    expect(aliasClashes(clashing.services)).toEqual([
      { alias: '10.0.0.1', keptBy: 'shop/a', lostBy: 'shop/b' },
    ]);
  });

  it("shows a consumer's routes to its namespace alone, in the place of the producer's", () => {
    const snapshot = buildSnapshot(null, mesh({ backend: 'b' }), bundle);
    const rule = (namespace: string) => {
      const entry = snapshot.lookup('routes', 'shop/a:80', { ...client, namespace });
      return (entry?.resource as RouteTable | undefined)?.rules[0]?.name;
    };
    expect(rule('shop')).toBe('shop/b/0');
    expect(rule('clients')).toBe('shop/a/0');
    expect([...snapshot.list('routes', { ...client, namespace: 'clients' })]).toHaveLength(1);
  });

  it('shows a workload to itself alone', () => {
    const snapshot = buildSnapshot(null, mesh(), bundle);
    const seenBy = (view: Partial<ClientView>) =>
      snapshot.lookup('workload', 'shop/web-1', { ...client, ...view });
    expect(seenBy({})?.name).toBe('shop/web-1');
    expect(seenBy({ serviceAccount: 'other' })).toBeNull();
    expect(seenBy({ namespace: 'other' })).toBeNull();
    expect(seenBy({ workload: 'shop/web-2' })).toBeNull();
    expect([...snapshot.list('workload', client)]).toHaveLength(1);
    expect([...snapshot.list('workload', { ...client, workload: 'shop/none' })]).toHaveLength(0);
  });
});

describe('SnapshotStore', () => {
  it('keeps the last good snapshot when the parts of the next do not agree', () => {
    const store = new SnapshotStore({ logger: silentLogger });
    expect(store.update(mesh(), bundle).kind).toBe('replaced');
    const good = store.current;
    expect(store.update(mesh({ backend: 'missing' }), bundle)).toEqual({
      kind: 'rejected',
      findings: ['rule shop/missing/0 refers to shop/missing:80, which there is not'],
    });
    expect(store.update({ ...mesh(), endpoints: [] }, bundle)).toMatchObject({ kind: 'rejected' });
    expect(store.update({ ...mesh(), services: [] }, bundle)).toMatchObject({ kind: 'rejected' });
    expect(store.update(mesh(), { ...bundle, rootsPem: [] })).toMatchObject({ kind: 'rejected' });
    expect(store.current).toBe(good);
    expect(store.update(mesh(), bundle)).toEqual({ kind: 'unchanged' });
  });

  it('tells every listener of each replacement, whatever another one throws', () => {
    const store = new SnapshotStore({ logger: silentLogger });
    const seen: number[] = [];
    store.onChange(() => {
      throw new Error('broken');
    });
    const end = store.onChange((snapshot) => seen.push(snapshot.sequence));
    store.update(mesh(), bundle);
    store.update(mesh(), bundle);
    store.update(mesh({ weight: 3 }), bundle);
    end();
    store.update(mesh({ weight: 4 }), bundle);
    expect(seen).toEqual([1, 2]);
  });
});

describe('contentHash', () => {
  it('depends on the content alone', () => {
    expect(contentHash({ a: 1, b: [{ d: 1, c: 'x' }] })).toBe(contentHash({ b: [{ c: 'x', d: 1 }], a: 1 }));
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
    expect(contentHash({ a: '1' })).not.toBe(contentHash({ a: 1 }));
    // Stable across restarts and versions: proxies come back with the versions that they hold.
    expect(contentHash({ namespace: 'shop', ports: [80] })).toBe('953724fad1dde303be1a3747');
  });
});
