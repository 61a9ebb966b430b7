import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';

/** ECDSA on P-256 with SHA-256: every key and signature of the mesh. */
export const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

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

/** The pair of a PKCS#8 or SEC1 PEM, or null where it is not a P-256 private key. */
export async function importKeyPair(privateKeyPem: string): Promise<webcrypto.CryptoKeyPair | null> {
  try {
    const key = createPrivateKey(privateKeyPem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return null;
    const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
    const [privateKey, publicKey] = await Promise.all([
      webcrypto.subtle.importKey('pkcs8', pkcs8, signingAlgorithm, false, ['sign']),
      webcrypto.subtle.importKey('spki', spki, signingAlgorithm, true, ['verify']),
    ]);
    return { privateKey, publicKey };
  } catch {
    return null;
  }
}
