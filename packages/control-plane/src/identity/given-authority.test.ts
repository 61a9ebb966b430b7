import { X509Certificate } from 'node:crypto';
import { generateKeyPair } from '@tulle/certificates';
import { createLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredAuthority } from './authority-store.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { type GivenAuthority, GivenRoot } from './testing/given-authority.ts';
import { SharedAuthority } from './testing/memory-authority-store.ts';

const dayMs = 86_400_000;
const identity = { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'web' };

describe('CertificateAuthority with a given intermediate', () => {
  let clock: FakeClock;
  let root: GivenRoot;
  let shared: SharedAuthority;
  let log: Record<string, unknown>[];

  beforeEach(async () => {
    clock = new FakeClock(Date.now());
    root = await GivenRoot.create();
    shared = new SharedAuthority();
    log = [];
  });

  const open = () =>
    CertificateAuthority.open({
      store: shared.open(),
      trustDomain: 'cluster.local',
      leafTtlSeconds: 86_400,
      clock,
      logger: createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line)) }),
    });
  const sign = async (authority: CertificateAuthority) => {
    const { keys } = await generateKeyPair();
    return authority.sign({ publicKey: keys.publicKey, identity });
  };
  const openWith = (stored: StoredAuthority) => {
    shared.stored = stored;
    return open();
  };

  it.each(['P-256', 'P-384', 'RSA 2048'] as const)(
    'of %s signs leaves that lead to its root',
    async (algorithm) => {
      const authority = await openWith(await root.issue({ algorithm }));
      const [leaf, intermediate, ...rest] = (await sign(authority)).chainDer.map(
        (der) => new X509Certificate(der),
      );
      expect(rest).toEqual([]);
      expect(leaf!.checkIssued(intermediate!) && leaf!.verify(intermediate!.publicKey)).toBe(true);
      const known = new X509Certificate(root.pem);
      expect(intermediate!.checkIssued(known) && intermediate!.verify(known.publicKey)).toBe(true);
      expect(authority.current.rootsPem).toEqual([known.toString()]);
      expect(shared.rootsPem).toBe(known.toString());
    },
  );

  it('is never rotated, signs until its end, and an operator is warned in time, once a day', async () => {
    const stored = await root.issue();
    const authority = await openWith(stored);
    clock.advance(70 * dayMs);
    await sign(authority);
    const warnings = () => log.filter(({ msg }) => msg === 'certificate expires soon');
    expect(warnings()).toEqual([]);
    clock.advance(6 * dayMs);
    await sign(authority);
    await sign(authority);
    expect(warnings()).toMatchObject([{ role: 'intermediate', days: 13 }]);
    clock.advance(13.5 * dayMs);
    expect((await sign(authority)).notAfterMs).toBe(authority.certificates()[1]!.notAfterMs);
    expect(shared.stored).toBe(stored);
    clock.advance(dayMs);
    await expect(sign(authority)).rejects.toThrow(/has expired/);
    await expect(open()).rejects.toThrow(/given intermediate certificate has expired: renew it/);
  });

  it('is replaced in every replica when somebody renews it', async () => {
    const authorities = [await openWith(await root.issue()), await open()];
    const renewed = await root.issue();
    shared.tell({ kind: 'stored', stored: renewed });
    const sha256 = new X509Certificate(renewed.certificates).fingerprint256;
    await expect.poll(() => authorities.map((it) => it.certificates()[1]!.sha256)).toEqual([sha256, sha256]);
    expect(authorities.map(({ storeFault }) => storeFault)).toEqual([null, null]);
  });

  it('brings a new root beside the old one, which everybody is told of', async () => {
    const authority = await openWith(await root.issue());
    const bundles: number[] = [];
    authority.onChange(({ rootsPem }) => bundles.push(rootsPem.length));
    const next = await GivenRoot.create();
    const both = next.pem + root.pem;
    shared.tell({ kind: 'stored', stored: { ...(await next.issue()), roots: both } });
    await expect.poll(() => bundles).toEqual([2]);
    await expect.poll(() => shared.rootsPem).toBe(both);
    expect(authority.rootsDer).toHaveLength(2);
  });

  it('takes new roots also where they cannot be published at the moment', async () => {
    const authority = await openWith(await root.issue());
    const other = await GivenRoot.create();
    vi.spyOn(shared.stores[0]!, 'publishRoots').mockRejectedValueOnce(new Error('no answer'));
    shared.tell({ kind: 'stored', stored: { ...(await root.issue()), roots: `${root.pem}${other.pem}` } });
    await expect.poll(() => log.find(({ msg }) => msg === 'trust roots not published yet')).toBeDefined();
    expect(authority.rootsDer).toHaveLength(2);
    await expect.poll(() => authority.storeFault).toBeNull();
    expect(log.filter(({ msg }) => String(msg).startsWith('stored authority not taken'))).toEqual([]);
  });

  it('does not replace what is loaded when it would cut the mesh in two', async () => {
    const authority = await openWith(await root.issue());
    const before = authority.certificates();
    shared.tell({ kind: 'stored', stored: await (await GivenRoot.create()).issue() });
    await expect.poll(() => authority.storeFault).toMatch(/none of the roots that the mesh's sidecars trust/);
    expect(authority.certificates()).toEqual(before);
    await sign(authority);
    shared.tell({ kind: 'stored', stored: shared.stored! });
    await expect.poll(() => authority.storeFault).toBeNull();
  });

  it('refuses to start under roots that nobody trusts', async () => {
    await openWith(await root.issue());
    await expect(openWith(await (await GivenRoot.create()).issue())).rejects.toThrow(
      /none of the roots that the mesh's sidecars trust: .*keep the former root in ca.crt/,
    );
    shared.rootsPem = null;
    await expect(open()).resolves.toBeDefined();
  });

  it.each<[string, (given: GivenAuthority) => GivenAuthority | Promise<GivenAuthority>, RegExp]>([
    [
      'another key',
      async (given) => ({ ...given, privateKey: (await root.issue()).privateKey }),
      /do not belong/,
    ],
    ['a key that cannot sign here', () => root.issue({ algorithm: 'P-521' }), /tls.key does not hold.*P-256/],
    ['no key', (given) => ({ ...given, privateKey: 'nonsense' }), /tls.key does not hold/],
    ['no certificate', (given) => ({ ...given, certificates: '' }), /tls.crt does not hold a certificate/],
    ['a leaf', () => root.issue({ isAuthority: false }), /tls.crt is not an authority's/],
    ['no roots', (given) => ({ ...given, roots: 'nonsense' }), /ca.crt does not hold a certificate/],
    [
      'another root',
      async (given) => ({ ...given, roots: (await GivenRoot.create()).pem }),
      /tls.crt is not issued by any certificate in ca.crt/,
    ],
    [
      'another trust domain',
      () => root.issue({ uri: 'spiffe://other.example' }),
      /other.example, not cluster.local/,
    ],
  ])('refuses %s, with what to do', async (_case, change, message) => {
    await expect(openWith(await change(await root.issue()))).rejects.toThrow(message);
  });

  it('takes the trust domain in its certificate', async () => {
    await expect(openWith(await root.issue({ uri: 'spiffe://cluster.local' }))).resolves.toBeDefined();
  });
});

describe('CertificateAuthority in a store that replicas share', () => {
  const clock = new FakeClock(Date.now());
  const openOn = (shared: SharedAuthority, log: Record<string, unknown>[] = []) =>
    CertificateAuthority.open({
      store: shared.open(),
      trustDomain: 'cluster.local',
      leafTtlSeconds: 86_400,
      clock,
      logger: createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line)) }),
    });

  it('is made once by replicas that start at the same time', async () => {
    const shared = new SharedAuthority();
    const log: Record<string, unknown>[] = [];
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => openOn(shared, log)));
    for (const other of others) expect(other.certificates()).toEqual(first!.certificates());
    expect(log.filter(({ msg }) => msg === 'certificate authority created')).toHaveLength(1);
  });

  it('has its intermediate rotated by one, and the others take that', async () => {
    const shared = new SharedAuthority();
    const [first, second] = [await openOn(shared), await openOn(shared)];
    clock.advance(340 * dayMs);
    const { keys } = await generateKeyPair();
    const signed = await Promise.all(
      [first, second].map((it) => it.sign({ publicKey: keys.publicKey, identity })),
    );
    expect(signed[0]!.chainDer[1]).toEqual(signed[1]!.chainDer[1]);
    expect(first.certificates()).toEqual(second.certificates());
  });

  it('goes on with what is loaded when it is deleted or spoilt', async () => {
    const shared = new SharedAuthority();
    const log: Record<string, unknown>[] = [];
    const authority = await openOn(shared, log);
    const before = authority.certificates();
    shared.tell({ kind: 'faulty', reason: 'the Secret is gone' });
    await expect.poll(() => authority.storeFault).toBe('the Secret is gone');
    shared.tell({ kind: 'stored', stored: { kind: 'own', root: 'nonsense', intermediate: 'nonsense' } });
    await expect.poll(() => authority.storeFault).toMatch(/memory: root-with-key.pem does not hold/);
    const { keys } = await generateKeyPair();
    await authority.sign({ publicKey: keys.publicKey, identity });
    expect(authority.certificates()).toEqual(before);
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(2);
    expect(JSON.stringify(log)).not.toContain('PRIVATE KEY');
  });
});
