import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateMaterial } from './certificate-material.ts';
import { backdateMs, isKeyOf, makeAuthority, makeServingCertificate } from './make-certificates.ts';

const dayMs = 86_400_000;

const certificateLives = { authorityMs: 365 * dayMs, servingMs: 30 * dayMs } as const;

/** After a new authority was announced, before a certificate of it is used: all API servers have heard of it then. */
const announcementMs = 10 * 60_000;

export interface MaterialOptions {
  /** What the certificate is for: `tulle-injector.tulle-system.svc`. */
  readonly names: readonly string[];
  readonly nowMs: number;
}

/**
 * What should stand in place of `current`; the same object where nothing is due. An authority is replaced at two
 * thirds of its life and stays trusted to its end; certificates go on coming from where they came until the new one
 * has been announced. Whatever cannot be used is made anew.
 */
export async function nextMaterial(
  stored: CertificateMaterial | null,
  options: MaterialOptions,
): Promise<CertificateMaterial> {
  const { nowMs } = options;
  const current = stored === null ? null : withoutEnded(stored, nowMs);
  const serving = current === null ? null : usableCertificate(current, options);
  const authority = current === null ? null : signingAuthority(current);
  if (current === null || authority === null || isDue(authority, nowMs)) {
    const announced = await announceAuthority(current, nowMs);
    return serving === null ? await withCertificate(announced, options) : announced;
  }
  const isAnnounced = nowMs - (Date.parse(authority.validFrom) + backdateMs) > announcementMs;
  if (serving === null || (isDue(serving, nowMs) && isAnnounced))
    return await withCertificate(current, options);
  return current;
}

/** Without authorities that are over; the same object where there are none. */
function withoutEnded(material: CertificateMaterial, nowMs: number): CertificateMaterial {
  const all = readChain(material.authoritiesPem);
  const kept = all.filter(isCurrent(nowMs));
  return kept.length === all.length ? material : { ...material, authoritiesPem: joinPem(kept.map(String)) };
}

/** Null: it cannot be served with. */
function usableCertificate(
  { chainPem, privateKeyPem, authoritiesPem }: CertificateMaterial,
  { names, nowMs }: MaterialOptions,
): X509Certificate | null {
  const serving = readChain(chainPem)[0];
  if (serving === undefined || !isCurrent(nowMs)(serving) || !isKeyOf(privateKeyPem, serving.toString())) {
    return null;
  }
  const isFor = (name: string) =>
    (isIP(name) === 0 ? serving.checkHost(name) : serving.checkIP(name)) !== undefined;
  const isTrusted = readChain(authoritiesPem).some((authority) => serving.verify(authority.publicKey));
  return isTrusted && names.every(isFor) ? serving : null;
}

/** The newest, where its key is here. */
function signingAuthority({ authoritiesPem, authorityKeyPem }: CertificateMaterial): X509Certificate | null {
  const newest = readChain(authoritiesPem)[0];
  return newest !== undefined && isKeyOf(authorityKeyPem, newest.toString()) ? newest : null;
}

async function announceAuthority(
  current: CertificateMaterial | null,
  nowMs: number,
): Promise<CertificateMaterial> {
  const made = await makeAuthority(nowMs, certificateLives.authorityMs);
  const older = readChain(current?.authoritiesPem ?? '').map(String);
  const { chainPem, privateKeyPem } = current ?? { chainPem: '', privateKeyPem: '' };
  const authoritiesPem = joinPem([made.certificatePem, ...older]);
  return { authoritiesPem, authorityKeyPem: made.privateKeyPem, chainPem, privateKeyPem };
}

/** When it should be asked again; 0 where it cannot be told. */
export function dueAtMs({ chainPem, authoritiesPem }: CertificateMaterial): number {
  const all = [readChain(chainPem)[0], readChain(authoritiesPem)[0]];
  return Math.min(...all.map((one) => (one === undefined ? 0 : dueMs(one))));
}

export function expiresAtMs({ chainPem }: Pick<CertificateMaterial, 'chainPem'>): number {
  const serving = readChain(chainPem)[0];
  return serving === undefined ? 0 : Date.parse(serving.validTo);
}

async function withCertificate(
  material: CertificateMaterial,
  { names, nowMs }: MaterialOptions,
): Promise<CertificateMaterial> {
  const [authority = ''] = splitPem(material.authoritiesPem);
  const made = await makeServingCertificate({
    authority: { certificatePem: authority, privateKeyPem: material.authorityKeyPem },
    names,
    nowMs,
    lifeMs: certificateLives.servingMs,
  });
  return { ...material, chainPem: made.certificatePem, privateKeyPem: made.privateKeyPem };
}

function isCurrent(nowMs: number) {
  return ({ validFrom, validTo }: X509Certificate) =>
    Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo);
}

function isDue(certificate: X509Certificate, nowMs: number): boolean {
  return nowMs >= dueMs(certificate);
}

function dueMs({ validFrom, validTo }: X509Certificate): number {
  const fromMs = Date.parse(validFrom);
  return fromMs + (2 / 3) * (Date.parse(validTo) - fromMs);
}

/** What cannot be read is left out. */
function readChain(pem: string): readonly X509Certificate[] {
  return splitPem(pem).flatMap((one) => {
    try {
      return [new X509Certificate(one)];
    } catch {
      return [];
    }
  });
}

function splitPem(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function joinPem(pems: readonly string[]): string {
  return pems.map((pem) => (pem.endsWith('\n') ? pem : `${pem}\n`)).join('');
}
