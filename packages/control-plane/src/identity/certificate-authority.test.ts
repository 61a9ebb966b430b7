import { X509Certificate } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPair } from '@tulle/certificates';
import { silentLogger } from '@tulle/runtime';
import { FakeClock, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateAuthority } from './certificate-authority.ts';
import { FileAuthorityStore } from './file-authority-store.ts';

const dayMs = 86_400_000;
const identity = { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'web' };

describe('CertificateAuthority', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let stateDir: string;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory('ca');
    stateDir = join(directory.path, 'state');
    clock = new FakeClock(Date.now());
  });
  afterEach(() => directory.remove());

  const openAuthority = (trustDomain = 'cluster.local') =>
    CertificateAuthority.open({
      store: new FileAuthorityStore(stateDir),
      trustDomain,
      leafTtlSeconds: 86_400,
      clock,
      logger: silentLogger,
    });
  const signLeaf = async (authority: CertificateAuthority) => {
    const { keys } = await generateKeyPair();
    return await authority.sign({ publicKey: keys.publicKey, identity });
  };

  describe('leaves', () => {
    it('are X.509-SVIDs: one critical URI, no subject, no right to sign', async () => {
      const issued = await signLeaf(await openAuthority());
      const leaf = new X509Certificate(issued.chainPem);
      expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/bookshop/sa/web');
      expect(leaf.subject).toBeUndefined();
      expect(leaf.ca).toBe(false);
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      // subjectAltName (2.5.29.17) followed by critical TRUE.
      expect(leaf.raw.includes(Buffer.from('0603551d110101ff', 'hex'))).toBe(true);
      // keyUsage critical: digitalSignature alone.
      expect(leaf.raw.includes(Buffer.from('0603551d0f0101ff040403020780', 'hex'))).toBe(true);
    });

    it('chain to the published root, live 24 h and began a minute ago', async () => {
      const authority = await openAuthority();
      const issued = await signLeaf(authority);
      const [leaf, intermediate] = issued.chainDer.map((der) => new X509Certificate(der));
      const root = new X509Certificate(await readFile(join(stateDir, 'root.pem')));
      expect(leaf!.checkIssued(intermediate!) && leaf!.verify(intermediate!.publicKey)).toBe(true);
      expect(intermediate!.checkIssued(root) && intermediate!.verify(root.publicKey)).toBe(true);
      expect(authority.current).toEqual({ trustDomain: 'cluster.local', rootsPem: [root.toString()] });
      const nowSecondMs = Math.floor(clock.nowMs() / 1_000) * 1_000;
      expect(Date.parse(leaf!.validTo)).toBe(nowSecondMs + dayMs);
      expect(Date.parse(leaf!.validFrom)).toBe(nowSecondMs - 60_000);
      expect(Date.parse(leaf!.validTo)).toBe(issued.notAfterMs);
    });

    it('each have a serial number of their own', async () => {
      const authority = await openAuthority();
      const serials = await Promise.all(
        Array.from({ length: 20 }, async () => (await signLeaf(authority)).serial),
      );
      expect(new Set(serials).size).toBe(20);
    });
  });

  describe('on disk', () => {
    it('is made on first start, readable by its owner only, and loaded afterwards', async () => {
      const first = await openAuthority();
      const mode = async (path: string) => ((await stat(join(stateDir, path))).mode & 0o777).toString(8);
      expect(await mode('.')).toBe('700');
      expect(await mode('ca')).toBe('700');
      expect(await mode('ca/root-with-key.pem')).toBe('600');
      expect(await mode('ca/intermediate-with-key.pem')).toBe('600');
      expect(await mode('root.pem')).toBe('644');
      expect((await readdir(stateDir)).sort()).toEqual(['ca', 'root.pem']);
      expect(await readFile(join(stateDir, 'root.pem'), 'utf8')).not.toContain('PRIVATE');
      const second = await openAuthority();
      expect(second.current).toEqual(first.current);
      expect(second.certificates()).toEqual(first.certificates());
    });

    it('publishes the root again where it was lost', async () => {
      const { current } = await openAuthority();
      await rm(join(stateDir, 'root.pem'));
      await openAuthority();
      expect(await readFile(join(stateDir, 'root.pem'), 'utf8')).toBe(current.rootsPem[0]);
    });

    it.each(['root-with-key.pem', 'intermediate-with-key.pem'])(
      'refuses a %s that others may read',
      async (name) => {
        await openAuthority();
        await chmod(join(stateDir, 'ca', name), 0o640);
        await expect(openAuthority()).rejects.toThrow(/may be read or written by others.*chmod 600/);
      },
    );

    it('refuses a folder that others may enter', async () => {
      await openAuthority();
      await chmod(join(stateDir, 'ca'), 0o755);
      await expect(openAuthority()).rejects.toThrow(/chmod 700/);
    });

    it('remakes nothing when half of it is there', async () => {
      const { current } = await openAuthority();
      const path = join(stateDir, 'ca', 'intermediate-with-key.pem');
      const content = await readFile(path);
      await rm(path);
      await expect(openAuthority()).rejects.toThrow(/intermediate-with-key.pem is missing: restore it/);
      await writeFile(path, content, { mode: 0o600 });
      expect((await openAuthority()).current).toEqual(current);
      await rm(join(stateDir, 'ca'), { recursive: true });
      await expect(openAuthority()).rejects.toThrow(/root.pem is there but .*ca is not/);
    });

    it('refuses files that do not belong together', async () => {
      await openAuthority();
      const other = join(directory.path, 'other');
      await CertificateAuthority.open({
        store: new FileAuthorityStore(other),
        trustDomain: 'cluster.local',
        leafTtlSeconds: 60,
        clock,
        logger: silentLogger,
      });
      const path = join(stateDir, 'ca', 'intermediate-with-key.pem');
      const own = await readFile(path, 'utf8');
      const foreign = await readFile(join(other, 'ca', 'intermediate-with-key.pem'), 'utf8');
      await copyFile(join(other, 'ca', 'intermediate-with-key.pem'), path);
      await expect(openAuthority()).rejects.toThrow(/not signed by the root/);
      const key = /-----BEGIN PRIVATE KEY.*/s;
      await writeFile(path, own.replace(key, key.exec(foreign)![0]));
      await expect(openAuthority()).rejects.toThrow(/do not belong together/);
      await writeFile(path, 'nonsense');
      await expect(openAuthority()).rejects.toThrow(/does not hold a certificate and a private key/);
    });

    it('refuses another trust domain', async () => {
      await openAuthority();
      await expect(openAuthority('other.example')).rejects.toThrow(
        /trust domain cluster.local, not other.example/,
      );
    });

    it('refuses a state directory in which nothing can be made', async () => {
      await writeFile(join(directory.path, 'file'), '');
      stateDir = join(directory.path, 'file');
      await expect(openAuthority()).rejects.toThrow(/file/);
    });

    it('takes an empty state directory that exists', async () => {
      await mkdir(stateDir);
      await expect(openAuthority()).resolves.toBeDefined();
    });
  });

  describe('intermediate', () => {
    it('is rotated a month before its end, under the same root, and stays so after a restart', async () => {
      const authority = await openAuthority();
      const before = authority.certificates();
      clock.advance(334 * dayMs);
      await signLeaf(authority);
      expect(authority.certificates()).toEqual(before);
      clock.advance(2 * dayMs);
      const chains = await Promise.all([signLeaf(authority), signLeaf(authority)]);
      const after = authority.certificates();
      expect(after[0]).toEqual(before[0]);
      expect(after[1]!.notAfterMs).toBeGreaterThan(before[1]!.notAfterMs);
      expect(new X509Certificate(chains[0].chainDer[1]!).fingerprint256).toBe(after[1]!.sha256);
      expect(chains[1].chainDer[1]).toEqual(chains[0].chainDer[1]);
      expect((await openAuthority()).certificates()).toEqual(after);
    });

    it('goes on signing when the new one cannot be written, with leaves that end with it', async () => {
      const authority = await openAuthority();
      clock.advance(364.5 * dayMs);
      await rm(join(stateDir, 'ca'), { recursive: true });
      const issued = await signLeaf(authority);
      expect(issued.notAfterMs).toBe(authority.certificates()[1]!.notAfterMs);
    });
  });

  it('refuses to start with a root that has expired', async () => {
    await openAuthority();
    clock.advance(3_651 * dayMs);
    await expect(openAuthority()).rejects.toThrow(/has expired/);
  });
});
