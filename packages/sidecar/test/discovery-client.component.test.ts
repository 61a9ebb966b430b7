import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MetricsRegistry, silentLogger, systemClock } from '@tulle/runtime';
import { createTestAuthority, eventually, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpoints } from '../src/config/testing/fake-source.ts';
import { discoveryMetrics, identityMetrics } from '../src/control-metrics.ts';
import { DiscoveryClient } from '../src/discovery/discovery-client.ts';
import { GrpcDeltaTransport } from '../src/discovery/grpc-delta-transport.ts';
import { wireResource } from '../src/discovery/testing/fake-transport.ts';
import { GrpcCertificateSigner } from '../src/identity/certificate-signer.ts';
import { TrustRoots } from '../src/identity/trust-roots.ts';
import { WorkloadIdentity } from '../src/identity/workload-identity.ts';
import { FakeControlPlane } from './discovery-fake-control-plane.ts';

let directory: TemporaryDirectory;
let controlPlane: FakeControlPlane;
let stops: (() => Promise<void>)[];

beforeEach(async () => {
  directory = await temporaryDirectory('sidecar');
  controlPlane = await FakeControlPlane.create();
  stops = [];
  await writeFile(join(directory.path, 'root.pem'), controlPlane.authority.rootPem);
  await writeFile(join(directory.path, 'token'), 'secret-1\n');
});

afterEach(async () => {
  for (const stop of stops) await stop();
  controlPlane.stop();
  await directory.remove();
});

function setUp(caFile = join(directory.path, 'root.pem')) {
  const address = { target: `127.0.0.1:${controlPlane.port}`, ca: { kind: 'file', path: caFile } as const };
  const registry = new MetricsRegistry();
  const shared = { clock: systemClock, random: () => 0, logger: silentLogger };
  const identity: WorkloadIdentity = new WorkloadIdentity({
    ...shared,
    trustDomain: 'cluster.local',
    namespace: 'bookshop',
    signer: new GrpcCertificateSigner({
      controlPlane: address,
      clock: systemClock,
      tokenFile: join(directory.path, 'token'),
      roots: () => identity.current?.rootsPem ?? null,
    }),
    metrics: identityMetrics(registry),
  });
  const metrics = discoveryMetrics(registry);
  const discovery = new DiscoveryClient({
    ...shared,
    nodeId: 'bookshop/web-0',
    transport: new GrpcDeltaTransport({
      controlPlane: address,
      clock: systemClock,
      identity: () => identity.first(),
    }),
    checks: {},
    metrics,
  });
  stops.push(
    () => discovery.stop(),
    () => identity.stop(),
  );
  return { identity, discovery, metrics, registry };
}

const name = { name: 'bookshop/catalog:80', version: '1' };

describe('the sidecar and its control plane', () => {
  it('gets a certificate by token, streams with it, and takes what is announced', async () => {
    await controlPlane.start();
    const { identity, discovery } = setUp();
    const watch = discovery.watch('endpoints', 'bookshop/catalog:80', () => {});
    const roots = new TrustRoots({ source: discovery, trustDomain: 'cluster.local', identity });
    await roots.start();
    await discovery.start();
    await identity.start();
    await eventually(() => expect(controlPlane.requests).toHaveLength(2));
    expect(controlPlane.tokens).toEqual(['Bearer secret-1']);
    const set = endpoints('catalog', ['10.1.0.1']);
    controlPlane.respond(typeUrls.endpoints, 'n1', { resources: [wireResource('endpoints', set, name)] });
    await eventually(() => expect(watch.state).toEqual({ kind: 'known', resource: set }));
    await eventually(() => expect(controlPlane.requests.at(-1)!.responseNonce).toBe('n1'));
    const bundle = { trustDomain: 'cluster.local', rootsPem: [controlPlane.authority.rootPem] };
    controlPlane.respond(typeUrls.trustBundle, 'n2', {
      resources: [wireResource('trustBundle', bundle, { name: 'cluster.local', version: '1' })],
    });
    await eventually(() =>
      expect(identity.current!.rootsPem.trim()).toBe(controlPlane.authority.rootPem.trim()),
    );
    expect(roots.missing).toBeNull();
  });

  it('comes up when the control plane does, and resumes with its versions after a crash', async () => {
    await controlPlane.start();
    const { identity, discovery, metrics } = setUp();
    controlPlane.stop();
    const watch = discovery.watch('endpoints', 'bookshop/catalog:80', () => {});
    await discovery.start();
    await identity.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(identity.current).toBeNull();
    await controlPlane.start();
    await eventually(() => expect(controlPlane.requests).toHaveLength(1));
    const set = endpoints('catalog', ['10.1.0.1']);
    controlPlane.respond(typeUrls.endpoints, 'n1', { resources: [wireResource('endpoints', set, name)] });
    await eventually(() => expect(watch.state.kind).toBe('known'));
    controlPlane.stop();
    await eventually(() => expect(metrics.connected.value).toBe(0));
    expect(watch.state.kind).toBe('known');
    controlPlane.requests.length = 0;
    await controlPlane.start();
    await eventually(() =>
      expect(controlPlane.requests).toMatchObject([
        { node: { id: 'bookshop/web-0' }, initialResourceVersions: { 'bookshop/catalog:80': '1' } },
      ]),
    );
    // The server has nothing to tell, and yet this counts as connected.
    await eventually(() => expect(metrics.connected.value).toBe(1));
  });

  it('reads the token anew when it was refused', async () => {
    await controlPlane.start();
    controlPlane.token = 'secret-2';
    const { identity, registry } = setUp();
    await identity.start();
    await eventually(() => expect(registry.render()).toMatch(/tulle_certificate_failures_total [1-9]/));
    await writeFile(join(directory.path, 'token'), 'secret-2');
    expect((await identity.first()).spiffeId).toBe('spiffe://cluster.local/ns/bookshop/sa/web');
  });

  it('knows a control plane under a new root by the bundle that discovery announced before', async () => {
    await controlPlane.start();
    const { identity, discovery } = setUp();
    discovery.watch('endpoints', 'bookshop/catalog:80', () => {});
    await discovery.start();
    await identity.start();
    const { rootsPem } = await identity.first();
    await eventually(() => expect(controlPlane.requests.length).toBeGreaterThan(0));
    controlPlane.authority = await createTestAuthority();
    identity.setTrustRoots([controlPlane.authority.rootPem, rootsPem]);
    controlPlane.stop();
    controlPlane.requests.length = 0;
    await controlPlane.start();
    await eventually(() => expect(controlPlane.requests.length).toBeGreaterThan(0));
  });

  it.each(['another root', 'another name'])('trusts no control plane of %s', async (kind) => {
    await controlPlane.start(kind === 'another name' ? 'elsewhere.svc' : undefined);
    const caFile = join(directory.path, 'other.pem');
    const trusted =
      kind === 'another root' ? (await FakeControlPlane.create()).authority : controlPlane.authority;
    await writeFile(caFile, trusted.rootPem);
    const { identity, registry } = setUp(caFile);
    await identity.start();
    await eventually(() => expect(registry.render()).toMatch(/tulle_certificate_failures_total [1-9]/));
    expect(controlPlane.tokens).toEqual([]);
    expect(identity.current).toBeNull();
  });
});
