import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from 'node:crypto';

/** ECDSA on P-256 with SHA-256: every key that the mesh makes, and its signatures. */
export const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface PemKeyPair {
  readonly keys: webcrypto.CryptoKeyPair;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

export async function generateKeyPair(): Promise<PemKeyPair> {
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { keys, privateKeyPem: key.export({ format: 'pem', type: 'pkcs8' }) as string };
}

/** How a key signs: WebCrypto's parameters, which are @peculiar/x509's too. */
export type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: 'P-256' | 'P-384'; readonly hash: string }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: string };

export interface ImportedKeyPair {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: SigningAlgorithm;
}

/**
 * The pair of a PEM (PKCS#8, SEC1 or PKCS#1), or null where it is no private key that may sign here. The mesh makes
 * P-256 keys alone; an intermediate that somebody else gives may have another.
 */
export async function importKeyPair(privateKeyPem: string): Promise<ImportedKeyPair | null> {
  try {
    const key = createPrivateKey(privateKeyPem);
    const algorithm = algorithmOf(key);
    if (algorithm === null) return null;
    const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    const [privateKey, publicKey] = await Promise.all([
      webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
      webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    ]);
    return { keys: { privateKey, publicKey }, algorithm };
  } catch {
    return null;
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm | null {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (namedCurve === 'prime256v1') return signingAlgorithm;
  if (namedCurve === 'secp384r1') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  const isRsa = asymmetricKeyType === 'rsa' && modulusLength >= 2_048 && modulusLength <= 4_096;
  return isRsa ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : null;
}
