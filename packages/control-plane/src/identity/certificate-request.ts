// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { signingAlgorithm } from '@tulle/certificates';

/** A P-256 request is some 250 bytes; this leaves room for extensions, which are ignored. */
const maxRequestBytes = 4_096;

/** SubjectPublicKeyInfo of an uncompressed P-256 key up to its point (RFC 5480, section 2): always these octets. */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200' + '04', 'hex');
const p256KeyBytes = 91;
const acceptedHashes = ['SHA-256', 'SHA-384', 'SHA-512'];

export type CertificateRequest =
  | { readonly ok: true; readonly publicKey: webcrypto.CryptoKey }
  | { readonly ok: false; readonly reason: string };

/**
 * Takes from a PKCS#10 request (RFC 2986, DER) the public key, after its signature has shown that the sender
 * holds the private one. Subject, attributes and extensions are ignored: they are what the sender says of itself.
 */
export async function parseCertificateRequest(der: Uint8Array): Promise<CertificateRequest> {
  if (der.length === 0) return refuse('csr_der is empty');
  if (der.length > maxRequestBytes) {
    return refuse(`csr_der has ${der.length} bytes; ${maxRequestBytes} are allowed`);
  }
  if (!isOneDerSequence(der)) return refuse('csr_der is not one DER sequence; send PKCS#10 as DER, not PEM');
  try {
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(der));
    const spki = Buffer.from(request.publicKey.rawData);
    if (spki.length !== p256KeyBytes || !spki.subarray(0, p256Prefix.length).equals(p256Prefix)) {
      return refuse('csr_der holds another key than an uncompressed P-256 one');
    }
    if (!acceptedHashes.includes(request.signatureAlgorithm.hash?.name)) {
      return refuse('csr_der is signed with another algorithm than ECDSA with SHA-2');
    }
    // Throws for a point that is not on the curve.
    createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (!(await request.verify())) return refuse('csr_der is not signed by the key that it holds');
    return {
      ok: true,
      publicKey: await webcrypto.subtle.importKey('spki', spki, signingAlgorithm, true, ['verify']),
    };
  } catch {
    return refuse('csr_der is not a PKCS#10 request');
  }
}

function refuse(reason: string): CertificateRequest {
  return { ok: false, reason };
}

/** Whether the bytes are one SEQUENCE of definite length that ends where they end. */
function isOneDerSequence(der: Uint8Array): boolean {
  if (der[0] !== 0x30 || der.length < 2) return false;
  const first = der[1]!;
  if (first < 0x80) return der.length === 2 + first;
  const lengthBytes = first - 0x80;
  if (lengthBytes < 1 || lengthBytes > 2 || der.length < 2 + lengthBytes) return false;
  const length = lengthBytes === 1 ? der[2]! : der[2]! * 256 + der[3]!;
  return der.length === 2 + lengthBytes + length;
}
