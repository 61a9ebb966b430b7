import { X509Certificate } from 'node:crypto';
import type { CertificateMaterial } from './certificate-material.ts';
import { isKeyOf, makeAuthority, makeServingCertificate } from './make-certificates.ts';

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
  current: CertificateMaterial | null,
  { names, nowMs }: MaterialOptions,
): Promise<CertificateMaterial> {
  const authorities = current === null ? [] : readChain(current.authoritiesPem).filter(isCurrent(nowMs));
  const newest = authorities[0];
  const canSign =
    current !== null && newest !== undefined && isKeyOf(current.authorityKeyPem, newest.toString());
  const serving = current === null ? undefined : readChain(current.chainPem)[0];
  const isServable =
    current !== null &&
    serving !== undefined &&
    isCurrent(nowMs)(serving) &&
    isKeyOf(current.privateKeyPem, serving.toString()) &&
    names.every((name) => serving.checkHost(name) !== undefined || serving.checkIP(name) !== undefined) &&
    authorities.some((authority) => serving.checkIssued(authority));

  if (!canSign || isDue(newest, nowMs)) {
    const made = await makeAuthority(nowMs, certificateLives.authorityMs);
    const authoritiesPem = [made.certificatePem, ...authorities.map(String)].map(withNewline).join('');
    const announced = { authoritiesPem, authorityKeyPem: made.privateKeyPem };
    if (isServable) return { ...current, ...announced };
    return await withCertificate({ ...announced, chainPem: '', privateKeyPem: '' }, { names, nowMs });
  }
  const isAnnounced = nowMs - Date.parse(newest.validFrom) > announcementMs;
  if (isServable && !(isDue(serving, nowMs) && isAnnounced)) {
    return authorities.length === readChain(current.authoritiesPem).length
      ? current
      : { ...current, authoritiesPem: authorities.map(String).map(withNewline).join('') };
  }
  return await withCertificate(current, { names, nowMs });
}

/** When it should be asked again; null: it cannot be told. */
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

function withNewline(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}
