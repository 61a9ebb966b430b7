import { MetricsRegistry, silentLogger } from '@tulle/runtime';
import { eventually, FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { identityMetrics } from '../control-metrics.ts';
import type { CertificateStore, SavedCertificate } from './certificate-store.ts';
import { FakeSigner } from './testing/fake-signer.ts';
import { WorkloadIdentity } from './workload-identity.ts';

const dayMs = 86_400_000;

let clock: FakeClock;
let signer: FakeSigner;
let saved: SavedCertificate | null;

beforeEach(async () => {
  clock = new FakeClock();
  signer = await FakeSigner.create({ nowMs: () => clock.nowMs(), lifetimeMs: dayMs });
  saved = null;
});

const store: CertificateStore = {
  load: async () => saved,
  save: (certificate) => {
    saved = certificate;
  },
  flush: async () => {},
};

/** One life of a sidecar, as far as its identity goes. */
async function live({ trustDomain = 'cluster.local', namespace = 'bookshop' } = {}) {
  const identity = new WorkloadIdentity({
    trustDomain,
    namespace,
    signer,
    store,
    clock,
    random: () => 0.5,
    metrics: identityMetrics(new MetricsRegistry()),
    logger: silentLogger,
  });
  await identity.start();
  return identity;
}

/** A life that had a certificate signed, and ended. */
async function earlierLife() {
  const identity = await live();
  const material = await identity.first();
  await eventually(() => expect(saved).not.toBeNull());
  await identity.stop();
  signer.requests = 0;
  return material;
}

describe('a certificate of an earlier life', () => {
  it('is used at once while the control plane is away, and renewed when it is back', async () => {
    const before = await earlierLife();
    signer.failure = 'UNAVAILABLE';
    clock.advance(dayMs / 4);
    const identity = await live();
    expect(identity.current).toMatchObject({
      certificatePem: before.certificatePem,
      privateKeyPem: before.privateKeyPem,
      rootsPem: before.rootsPem,
      generation: 1,
    });
    expect(signer.requests).toBe(0);
    clock.advance(60_000);
    await eventually(() => expect([signer.requests, clock.pendingTasks]).toEqual([1, 1]));
    expect(identity.current!.certificatePem).toBe(before.certificatePem);
    signer.failure = null;
    clock.advance(5_000);
    await eventually(() => expect(identity.current).toMatchObject({ generation: 2 }));
    expect(identity.current!.privateKeyPem).not.toBe(before.privateKeyPem);
    await eventually(() => expect(saved!.privateKeyPem).toBe(identity.current!.privateKeyPem));
    await identity.stop();
  });

  it('is verified against the trust bundle that was in force', async () => {
    const first = await live();
    await first.first();
    const other = await FakeSigner.create({ nowMs: () => clock.nowMs(), lifetimeMs: dayMs });
    await eventually(() => expect(saved).not.toBeNull());
    first.setTrustRoots([other.rootPem, signer.rootPem]);
    await first.stop();
    const identity = await live();
    expect(identity.current!.rootsPem).toBe(other.rootPem + signer.rootPem);
    await identity.stop();
  });

  it.each([
    ['has ended', () => void clock.advance(dayMs), {}],
    ['is of another trust domain', () => {}, { trustDomain: 'elsewhere' }],
    ['is of another namespace', () => {}, { namespace: 'orders' }],
    ['has another key', () => replace({ privateKeyPem: 'no key' }), {}],
    ['is not readable', () => replace({ chainDer: [new Uint8Array(10)] }), {}],
    ['has no chain', () => replace({ chainDer: [] }), {}],
    ['has an unreadable bundle', () => replace({ bundlePem: ['no certificate'] }), {}],
  ])('is not used where it %s', async (_, change, options) => {
    const before = await earlierLife();
    change();
    signer.failure = 'UNAVAILABLE';
    const identity = await live(options);
    expect(identity.current).toBeNull();
    await eventually(() => expect([signer.requests, clock.pendingTasks]).toEqual([1, 1]));
    if (Object.keys(options).length > 0) return identity.stop();
    signer.failure = null;
    clock.advance(5_000);
    expect((await identity.first()).certificatePem).not.toBe(before.certificatePem);
    await identity.stop();
  });
});

function replace(part: Partial<SavedCertificate>): void {
  saved = { ...saved!, ...part };
}
