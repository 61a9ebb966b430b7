import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CertificateMaterial } from './certificate-material.ts';
import { dueAtMs, nextMaterial } from './next-material.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
const names = ['tulle-injector.tulle-system.svc', 'localhost', '127.0.0.1'];
const at = (days: number, minutes = 0) => ({ names, nowMs: startMs + days * dayMs + minutes * 60_000 });

const authorities = ({ authoritiesPem }: CertificateMaterial) =>
  (authoritiesPem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  );
const serving = ({ chainPem }: CertificateMaterial) => new X509Certificate(chainPem);
const isTrusted = (material: CertificateMaterial) =>
  authorities(material).some((authority) => serving(material).verify(authority.publicKey));

describe('the serving certificate', () => {
  test('is made with an authority of its own, for the names that are asked for', async () => {
    const made = await nextMaterial(null, at(0));
    expect(authorities(made)).toHaveLength(1);
    expect(isTrusted(made)).toBe(true);
    expect(serving(made).subjectAltName).toBe(
      'DNS:tulle-injector.tulle-system.svc, DNS:localhost, IP Address:127.0.0.1',
    );
    expect(serving(made).ca).toBe(false);
  });

  test('stays as it is until two thirds of its life, and is then renewed by the same authority', async () => {
    const made = await nextMaterial(null, at(0));
    expect(await nextMaterial(made, at(19))).toBe(made);
    expect(dueAtMs(made)).toBeGreaterThan(at(19).nowMs);
    expect(dueAtMs(made)).toBeLessThan(at(21).nowMs);
    const renewed = await nextMaterial(made, at(21));
    expect(renewed.authoritiesPem).toBe(made.authoritiesPem);
    expect(serving(renewed).serialNumber).not.toBe(serving(made).serialNumber);
    expect(isTrusted(renewed)).toBe(true);
  });

  test('comes from a new authority only when that has been announced beside the old one', async () => {
    let material = await nextMaterial(null, at(0));
    for (let day = 5; day < 243; day += 5) material = await nextMaterial(material, at(day));
    const [old] = authorities(material);
    const announced = await nextMaterial(material, at(244));
    expect(authorities(announced)).toHaveLength(2);
    expect(announced.chainPem).toBe(material.chainPem);
    expect(isTrusted(announced)).toBe(true);

    const replaced = await nextMaterial(announced, at(264));
    expect(serving(replaced).verify(authorities(replaced)[0]!.publicKey)).toBe(true);
    expect(serving(replaced).verify(old!.publicKey)).toBe(false);
    const later = await nextMaterial(replaced, at(366));
    expect(authorities(later)).toHaveLength(1);
    expect(isTrusted(later)).toBe(true);
  });

  test('is not renewed by an authority that nobody can have heard of yet', async () => {
    const made = await nextMaterial(null, at(0));
    expect(await nextMaterial(made, at(0, 1))).toBe(made);
    const lost = { ...made, authorityKeyPem: 'gone' };
    const announced = await nextMaterial(lost, at(25));
    expect(authorities(announced)).toHaveLength(2);
    expect(announced.chainPem).toBe(made.chainPem);
    expect(await nextMaterial(announced, at(25, 1))).toBe(announced);
    expect((await nextMaterial(announced, at(25, 30))).chainPem).not.toBe(made.chainPem);
  });

  test.each([
    ['a certificate that is none', { chainPem: 'nonsense' }],
    ['a key of another', { privateKeyPem: 'nonsense' }],
    ['no authority', { authoritiesPem: '' }],
  ])('is made anew in place of %s', async (_, broken) => {
    const made = await nextMaterial({ ...(await nextMaterial(null, at(0))), ...broken }, at(1));
    expect(isTrusted(made)).toBe(true);
    expect(await nextMaterial(made, at(1))).toBe(made);
  });

  test('is made anew where it lacks a name, and where it has ended', async () => {
    const made = await nextMaterial(null, at(0));
    const renamed = await nextMaterial(made, { ...at(1), names: ['tulle-injector.mesh.svc'] });
    expect(serving(renamed).subjectAltName).toBe('DNS:tulle-injector.mesh.svc');
    const late = await nextMaterial(made, at(400));
    expect(isTrusted(late)).toBe(true);
    expect(authorities(late)).toHaveLength(1);
  });
});
