import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

/** A fresh key and the request to have it signed. The key is handed to TLS and goes nowhere else. */
export interface KeyAndRequest {
  readonly privateKeyPem: string;
  /** PKCS#10, DER. Without a subject: the control plane takes the identity from the token. */
  readonly csrDer: Uint8Array;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };

export async function makeKeyAndRequest(): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: '',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const privateKeyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }) as string;
  return { privateKeyPem, csrDer: new Uint8Array(request.rawData) };
}
