import { X509Certificate } from 'node:crypto';

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text; what else stands in it, keys above all, is not looked at. Null: one is broken. */
export function parseCertificates(pem: string): readonly X509Certificate[] | null {
  try {
    return [...pem.matchAll(block)].map(([text]) => new X509Certificate(text));
  } catch {
    return null;
  }
}

export function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

export function daysLeft(certificate: X509Certificate, nowMs: number): number {
  return (Date.parse(certificate.validTo) - nowMs) / 86_400_000;
}

export function isNotYetValid(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) > nowMs;
}

export function describeTerm(certificate: X509Certificate): string {
  return `valid until ${new Date(certificate.validTo).toISOString().slice(0, 10)}`;
}
