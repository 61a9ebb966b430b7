// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type AuthorityFiles, authorityError } from './authority-files.ts';
import { createIntermediate, createRoot, type SigningPair } from './certificates.ts';
import { generateKeyPair, importKeyPair } from './key-pairs.ts';

/** The root and the intermediate that signs at present. */
export interface AuthorityMaterial {
  readonly root: SigningPair;
  readonly intermediate: SigningPair;
}

interface NewPair {
  readonly pair: SigningPair;
  /** What the file holds: certificate, then key. */
  readonly file: string;
}

const dayMs = 86_400_000;
const rootLifetimeMs = 3_650 * dayMs;
const intermediateLifetimeMs = 365 * dayMs;
/** Clocks of a mesh differ: what was just made must already be valid elsewhere. */
export const backdateMs = 60_000;

export async function createMaterial(
  trustDomain: string,
  nowMs: number,
): Promise<{ readonly material: AuthorityMaterial; readonly files: AuthorityFiles }> {
  const { keys, privateKeyPem } = await generateKeyPair();
  const certificate = await createRoot(trustDomain, keys, {
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + rootLifetimeMs),
  });
  const root = { certificate, keys };
  const intermediate = await createNextIntermediate(trustDomain, root, nowMs);
  return {
    material: { root, intermediate: intermediate.pair },
    files: { root: fileOf(certificate, privateKeyPem), intermediate: intermediate.file },
  };
}

/** A new intermediate under the same root, which it doesn't outlive. */
export async function createNextIntermediate(
  trustDomain: string,
  root: SigningPair,
  nowMs: number,
): Promise<NewPair> {
  const { keys, privateKeyPem } = await generateKeyPair();
  const notAfterMs = Math.min(nowMs + intermediateLifetimeMs, root.certificate.notAfter.getTime());
  const certificate = await createIntermediate(trustDomain, root, {
    publicKey: keys.publicKey,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(notAfterMs),
  });
  return { pair: { certificate, keys }, file: fileOf(certificate, privateKeyPem) };
}

/** Reads what was written before; throws where it doesn't belong together. */
export async function parseMaterial(files: AuthorityFiles, trustDomain: string): Promise<AuthorityMaterial> {
  const root = await parsePair('root-with-key.pem', files.root, trustDomain);
  const intermediate = await parsePair('intermediate-with-key.pem', files.intermediate, trustDomain);
  const rootCertificate = new X509Certificate(Buffer.from(root.certificate.rawData));
  const intermediateCertificate = new X509Certificate(Buffer.from(intermediate.certificate.rawData));
  if (!isIssuedBy(rootCertificate, rootCertificate)) {
    throw authorityError('root-with-key.pem does not hold a self-signed certificate');
  }
  if (!isIssuedBy(intermediateCertificate, rootCertificate)) {
    throw authorityError(
      'intermediate-with-key.pem was not signed by the root in root-with-key.pem: restore the two files from one backup',
    );
  }
  return { root, intermediate };
}

async function parsePair(name: string, content: string, trustDomain: string): Promise<SigningPair> {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(content)?.[0];
  const keyPem = /-----BEGIN (EC )?PRIVATE KEY-----[^-]+-----END (EC )?PRIVATE KEY-----/.exec(content)?.[0];
  if (pem === undefined || keyPem === undefined) {
    throw authorityError(`${name} does not hold a certificate and a private key`);
  }
  const certificate = parseCertificate(name, pem);
  const keys = await importKeyPair(keyPem);
  if (keys === null) throw authorityError(`${name} does not hold a P-256 private key`);
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) {
    throw authorityError(`the certificate and the private key in ${name} do not belong together`);
  }
  if (!certificate.ca) throw authorityError(`the certificate in ${name} is not an authority's`);
  if (certificate.subjectAltName !== `URI:spiffe://${trustDomain}`) {
    const made = certificate.subjectAltName?.replace('URI:spiffe://', '') ?? 'none';
    throw authorityError(
      `the certificate in ${name} is of the trust domain ${made}, not ${trustDomain}: set TULLE_TRUST_DOMAIN to it, ` +
        'or give another TULLE_STATE_DIR',
    );
  }
  return { certificate: new x509.X509Certificate(certificate.raw), keys };
}

function parseCertificate(name: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw authorityError(`${name} does not hold a certificate that can be read`, cause);
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function fileOf(certificate: x509.X509Certificate, privateKeyPem: string): string {
  return `${certificate.toString('pem')}\n${privateKeyPem}`;
}
