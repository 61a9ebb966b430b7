// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import type * as x509 from '@peculiar/x509';
import { generateKeyPair, signingAlgorithm } from '@tulle/certificates';
import type { OwnAuthority } from './authority-store.ts';
import { createIntermediate, createRoot, type SigningPair } from './certificates.ts';

/** What signs at present, and what its signatures are verified against. */
export interface AuthorityMaterial {
  readonly signer: SigningPair;
  /** What follows a leaf on the wire, without the root: the signer, then what is above it. */
  readonly chain: readonly x509.X509Certificate[];
  /** Newest first; one of them has issued the end of the chain. */
  readonly roots: readonly x509.X509Certificate[];
  /** With its key, for the next intermediate; null where somebody else gives the intermediate and renews it. */
  readonly root: SigningPair | null;
}

interface NewPair {
  readonly pair: SigningPair;
  /** What is kept: certificate, then key. */
  readonly pem: string;
}

const dayMs = 86_400_000;
const rootLifetimeMs = 3_650 * dayMs;
const intermediateLifetimeMs = 365 * dayMs;
/** Clocks of a mesh differ: what was just made must already be valid elsewhere. */
export const backdateMs = 60_000;

export async function createAuthority(trustDomain: string, nowMs: number): Promise<OwnAuthority> {
  const { keys, privateKeyPem } = await generateKeyPair();
  const certificate = await createRoot(trustDomain, keys, {
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + rootLifetimeMs),
  });
  const root = { certificate, keys, algorithm: signingAlgorithm };
  const intermediate = await createNextIntermediate(trustDomain, root, nowMs);
  return { kind: 'own', root: pemOf(certificate, privateKeyPem), intermediate: intermediate.pem };
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
  return {
    pair: { certificate, keys, algorithm: signingAlgorithm },
    pem: pemOf(certificate, privateKeyPem),
  };
}

function pemOf(certificate: x509.X509Certificate, privateKeyPem: string): string {
  return `${certificate.toString('pem')}\n${privateKeyPem}`;
}
