import { X509Certificate } from 'node:crypto';
import { type Clock, silentLogger } from '@tulle/runtime';
import { FakeClock, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CertificateAuthority } from './certificate-authority.ts';
import { FileAuthorityStore } from './file-authority-store.ts';
import { ServerCertificate } from './server-certificate.ts';

const hourMs = 3_600_000;
const identity = {
  trustDomain: 'cluster.local',
  namespace: 'tulle-system',
  serviceAccount: 'tulle-control-plane',
};

describe('ServerCertificate', () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let authority: CertificateAuthority;
  let server: ServerCertificate;
  let serials: string[];
  /** Of the wall clock alone. */
  let jumpMs: number;

  beforeEach(async () => {
    directory = await temporaryDirectory('server-certificate');
    clock = new FakeClock(Date.now());
    jumpMs = 0;
    const wall: Clock = {
      nowMs: () => clock.nowMs() + jumpMs,
      monotonicMs: () => clock.monotonicMs(),
      schedule: (delayMs, task) => clock.schedule(delayMs, task),
    };
    const store = new FileAuthorityStore(directory.path);
    const trustDomain = 'cluster.local';
    const leafTtlSeconds = 86_400;
    authority = await CertificateAuthority.open({
      store,
      trustDomain,
      leafTtlSeconds,
      clock: wall,
      logger: silentLogger,
    });
    const dnsNames = ['tulle-control-plane.tulle-system.svc', 'localhost'];
    server = new ServerCertificate({
      authority,
      identity,
      dnsNames,
      clock: wall,
      random: () => 0,
      logger: silentLogger,
    });
    serials = [];
    server.onChange(({ certificate }) => serials.push(certificate.serial));
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
    await directory.remove();
  });

  it('has the names that clients verify, and the identity', () => {
    expect(new X509Certificate(server.current!.certificate.chainPem).subjectAltName).toBe(
      'URI:spiffe://cluster.local/ns/tulle-system/sa/tulle-control-plane, ' +
        'DNS:tulle-control-plane.tulle-system.svc, DNS:localhost',
    );
  });

  it('is renewed at half its life with a new key', async () => {
    const { privateKeyPem } = server.current!;
    clock.advance(11.9 * hourMs);
    expect(clock.pendingTasks).toBe(1);
    clock.advance(0.2 * hourMs);
    await expect.poll(() => serials.length).toBe(2);
    expect(serials[1]).not.toBe(serials[0]);
    expect(server.current!.privateKeyPem).not.toBe(privateKeyPem);
    expect(clock.pendingTasks).toBe(1);
  });

  it('is kept and tried again when it cannot be renewed', async () => {
    const sign = vi.spyOn(authority, 'sign').mockRejectedValueOnce(new Error('disk full'));
    clock.advance(12 * hourMs);
    await expect.poll(() => [sign.mock.calls.length, clock.pendingTasks]).toEqual([1, 1]);
    expect(server.current!.certificate.serial).toBe(serials[0]);
    clock.advance(1_000);
    await expect.poll(() => serials.length).toBe(2);
  });

  it.each([
    ['on, as after a night in which the machine slept', 30 * hourMs],
    ['back, before the certificate began', -30 * hourMs],
  ])('is renewed within a minute when the wall clock jumps %s', async (_case, byMs) => {
    clock.advance(hourMs);
    jumpMs = byMs;
    clock.advance(60_000);
    clock.advance(0);
    await expect.poll(() => serials.length).toBe(2);
    const { notBeforeMs, notAfterMs } = server.current!.certificate;
    expect(notBeforeMs).toBeLessThan(clock.nowMs() + jumpMs);
    expect(notAfterMs).toBeGreaterThan(clock.nowMs() + jumpMs + 23 * hourMs);
  });

  it('is renewed once more where the roots change during a renewal', async () => {
    const sign = authority.sign.bind(authority);
    vi.spyOn(authority, 'sign').mockImplementationOnce(async (request) => {
      const issued = await sign(request);
      const roots = { ...authority.current };
      vi.spyOn(authority, 'current', 'get').mockReturnValue(roots);
      return issued;
    });
    clock.advance(12 * hourMs);
    await expect.poll(() => [serials.length, clock.pendingTasks]).toEqual([2, 1]);
    clock.advance(0);
    await expect.poll(() => serials.length).toBe(3);
  });

  it('leaves no timer behind, also when it is stopped during a renewal', async () => {
    clock.advance(12 * hourMs);
    await server.stop();
    await expect.poll(() => serials.length).toBe(2);
    expect(clock.pendingTasks).toBe(0);
  });
});
