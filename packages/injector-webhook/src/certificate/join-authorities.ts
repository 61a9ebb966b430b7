import { X509Certificate } from 'node:crypto';
import { ownAuthorityPrefix } from './make-certificates.ts';

export interface Bundle {
  /** What has to be in it. */
  readonly authoritiesPem: string;
  /** Whether somebody else gives the certificate. */
  readonly isGiven: boolean;
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const maxAuthorities = 16;

/**
 * What should stand in caBundle in place of `standing`. Authorities of others stay to their end: replicas see new files
 * at different times, and those of before a change of settings have a certificate of another authority. Each adds its
 * own, so that they come to agree.
 */
export function joinAuthorities(
  standing: string,
  { authoritiesPem, isGiven }: Bundle,
  nowMs: number,
): string {
  const own = readCurrent(authoritiesPem, nowMs);
  const known = new Set(own.map(({ fingerprint256 }) => fingerprint256));
  const others = readCurrent(standing, nowMs).filter(
    ({ fingerprint256, subject }) =>
      known.has(fingerprint256) || isGiven || !subject.startsWith(ownAuthorityPrefix),
  );
  const there = new Set(others.map(({ fingerprint256 }) => fingerprint256));
  const missing = own.filter(({ fingerprint256 }) => !there.has(fingerprint256));
  return [...missing, ...others].slice(0, maxAuthorities).map(String).join('');
}

/** What cannot be read, is over, or stands there twice is left out. */
function readCurrent(pem: string, nowMs: number): readonly X509Certificate[] {
  const found = new Map<string, X509Certificate>();
  for (const [text] of pem.matchAll(certificatePattern)) {
    const certificate = parse(text);
    if (certificate !== null && nowMs < Date.parse(certificate.validTo)) {
      found.set(certificate.fingerprint256, certificate);
    }
  }
  return [...found.values()];
}

function parse(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
