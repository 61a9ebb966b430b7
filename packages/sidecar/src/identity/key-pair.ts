import { generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';

/** A fresh key and the request to have it signed. The key is handed to TLS and goes nowhere else. */
export interface KeyAndRequest {
  readonly privateKeyPem: string;
  /** PKCS#10, DER. Without a subject: the control plane takes the identity from the token. */
  readonly csrDer: Uint8Array;
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const version0 = Buffer.from('020100', 'hex');
const emptySubject = Buffer.from('3000', 'hex');
const noAttributes = Buffer.from('a000', 'hex');
/** The object identifier 1.2.840.10045.4.3.2 (RFC 5758 section 3.2). */
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');

/**
 * RFC 2986 section 4. Written here, since what is left of PKCS#10 without subject and attributes is five
 * fields, and a library for certificates would cost every sidecar 12 MB.
 */
export async function makeKeyAndRequest(): Promise<KeyAndRequest> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const subjectKey = publicKey.export({ type: 'spki', format: 'der' });
  const info = der(SEQUENCE, version0, emptySubject, subjectKey, noAttributes);
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', info, privateKey));
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    csrDer: der(SEQUENCE, info, ecdsaWithSha256, signature),
  };
}

/** X.690 section 8.1; contents of up to 255 bytes. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}
