import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { type Clock, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { eventually, FakeClock } from '@tulle/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityMaterial } from '../config/mesh-view.ts';
import { type IdentityMetrics, identityMetrics } from '../control-metrics.ts';
import { describeIdentity } from './describe-identity.ts';
import { FakeSigner } from './testing/fake-signer.ts';
import { renewalDelayMs, WorkloadIdentity } from './workload-identity.ts';

const dayMs = 86_400_000;

let clock: FakeClock;
/** Of the wall clock alone. */
let jumpMs: number;
let signer: FakeSigner;
let metrics: IdentityMetrics;
let identity: WorkloadIdentity;
let changes: IdentityMaterial[];

beforeEach(async () => {
  clock = new FakeClock();
  jumpMs = 0;
  const wall: Clock = {
    nowMs: () => clock.nowMs() + jumpMs,
    monotonicMs: () => clock.monotonicMs(),
    schedule: (delayMs, task) => clock.schedule(delayMs, task),
  };
  signer = await FakeSigner.create({ nowMs: () => wall.nowMs(), lifetimeMs: dayMs });
  metrics = identityMetrics(new MetricsRegistry());
  identity = new WorkloadIdentity({
    trustDomain: 'cluster.local',
    namespace: 'bookshop',
    signer,
    clock: wall,
    random: () => 0.5,
    metrics,
    logger: silentLogger,
  });
  changes = [];
  identity.onChange((material) => changes.push(material));
});

afterEach(() => identity.stop());

const requests = (count: number) =>
  eventually(() => {
    expect(signer.requests).toBe(count);
    // Signed or failed: either way the next attempt is scheduled.
    expect(clock.pendingTasks).toBe(1);
  });

describe('WorkloadIdentity', () => {
  it('has a certificate signed for a key of its own', async () => {
    await identity.start();
    const material = await identity.first();
    const leaf = new X509Certificate(material.certificatePem);
    expect(material).toMatchObject({ spiffeId: signer.spiffeId, generation: 1, rootsPem: signer.rootPem });
    expect(leaf.checkPrivateKey(createPrivateKey(material.privateKeyPem))).toBe(true);
    expect(createPrivateKey(material.privateKeyPem).asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    });
    expect(metrics.expiry.value).toBe(material.notAfterMs / 1_000);
    expect(JSON.stringify(describeIdentity(material))).not.toContain('PRIVATE');
  });

  it('renews within a minute after a night in which the machine slept', async () => {
    await identity.start();
    await requests(1);
    jumpMs = 2 * dayMs;
    clock.advance(60_000);
    await requests(2);
    expect(identity.current!.notAfterMs).toBeGreaterThan(clock.nowMs() + jumpMs + dayMs / 2);
  });

  it('renews at half life, with another key', async () => {
    await identity.start();
    const first = await identity.first();
    await requests(1);
    clock.advance(dayMs / 2 - 1_000);
    expect(signer.requests).toBe(1);
    clock.advance(2_000);
    await requests(2);
    expect(identity.current).toMatchObject({ generation: 2 });
    expect(identity.current!.privateKeyPem).not.toBe(first.privateKeyPem);
    expect(changes.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(metrics.renewals.value).toBe(2);
  });

  it('retries with back-off until the control plane answers, and keeps what it has meanwhile', async () => {
    signer.failure = 'UNAVAILABLE';
    await identity.start();
    await requests(1);
    for (let attempt = 2; attempt <= 5; attempt++) {
      clock.advance(5_000);
      await requests(attempt);
    }
    expect(identity.current).toBeNull();
    signer.failure = null;
    clock.advance(5_000);
    await requests(6);
    expect(metrics.failures.value).toBe(5);
    signer.failure = 'UNAVAILABLE';
    clock.advance(dayMs / 2 + 1);
    await requests(7);
    expect(identity.current).toMatchObject({ generation: 1 });
  });

  it.each([
    ['another namespace', 'spiffe://cluster.local/ns/orders/sa/web'],
    ['another trust domain', 'spiffe://elsewhere/ns/bookshop/sa/web'],
    ['no identity of the mesh', 'https://example.com/'],
  ])('refuses a certificate of %s', async (_, spiffeId) => {
    signer.spiffeId = spiffeId;
    await identity.start();
    await requests(1);
    expect(identity.current).toBeNull();
    expect(metrics.failures.value).toBe(1);
  });

  it('refuses a certificate for another key, of another root, or one that has ended', async () => {
    const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    signer.otherKey = keys.publicKey;
    await identity.start();
    await requests(1);
    signer.otherKey = null;
    const stranger = await FakeSigner.create({ nowMs: () => clock.nowMs(), lifetimeMs: dayMs });
    const { rootsDer } = await stranger.sign(Buffer.from(await anyRequest()));
    const sign = signer.sign.bind(signer);
    signer.sign = async (csr) => ({ ...(await sign(csr)), rootsDer });
    clock.advance(5_000);
    await requests(2);
    signer.sign = async (csr) => {
      const signed = await sign(csr);
      clock.advance(dayMs);
      return signed;
    };
    clock.advance(5_000);
    await requests(3);
    expect(identity.current).toBeNull();
    expect(metrics.failures.value).toBe(3);
  });

  it('takes the roots of the trust bundle, and keeps them over a renewal', async () => {
    await identity.start();
    await identity.first();
    await requests(1);
    const other = await FakeSigner.create({ nowMs: () => clock.nowMs(), lifetimeMs: dayMs });
    identity.setTrustRoots([signer.rootPem]);
    expect(changes).toHaveLength(1);
    identity.setTrustRoots([other.rootPem, signer.rootPem]);
    expect(identity.current).toMatchObject({ generation: 2, rootsPem: other.rootPem + signer.rootPem });
    identity.setTrustRoots([]);
    clock.advance(dayMs / 2 + 1);
    await requests(2);
    expect(identity.current).toMatchObject({ generation: 3, rootsPem: other.rootPem + signer.rootPem });
  });

  it('leaves no timer behind when stopped', async () => {
    await identity.start();
    await identity.first();
    await requests(1);
    await identity.stop();
    expect(clock.pendingTasks).toBe(0);
  });
});

describe('renewalDelayMs', () => {
  it('is half of the life, moved by up to a tenth of that half', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 60_000, max: 30 * dayMs }),
        (chance, lifeMs) => {
          const delayMs = renewalDelayMs({ notBeforeMs: 0, notAfterMs: lifeMs }, 0, chance);
          expect(delayMs).toBeGreaterThanOrEqual(lifeMs * 0.45);
          expect(delayMs).toBeLessThanOrEqual(lifeMs * 0.55);
        },
      ),
    );
  });

  it('never waits in the past, nor longer than a timer holds', () => {
    const material = { notBeforeMs: 0, notAfterMs: 1_000 };
    expect(renewalDelayMs(material, 5_000, 0)).toBe(1_000);
    expect(renewalDelayMs({ notBeforeMs: 0, notAfterMs: 1e13 }, 0, 0)).toBe(2 ** 31 - 1);
  });
});

async function anyRequest(): Promise<Uint8Array> {
  const { makeKeyAndRequest } = await import('./key-pair.ts');
  return (await makeKeyAndRequest()).csrDer;
}
