// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { generateKeyPair, importKeyPair, randomSerial, signingAlgorithm } from '@tulle/certificates';
import { TulleError } from '@tulle/runtime';

/** For clocks that are behind. */
export const backdateMs = 5 * 60_000;

export interface MadeCertificate {
  readonly certificatePem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
}

/** How the subject of each authority of ours begins. */
export const ownAuthorityPrefix = 'CN=Tulle injector authority ';

/** A small authority of the injector's own: the API server trusts it for this webhook alone (caBundle). */
export async function makeAuthority(nowMs: number, lifeMs: number): Promise<MadeCertificate> {
  const { keys, privateKeyPem } = await generateKeyPair();
  const serialNumber = randomSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // A name of its own, so that chains of an old and a new authority cannot be mixed up.
    name: `${ownAuthorityPrefix}${serialNumber.slice(0, 16)}`,
    serialNumber,
    keys,
    signingAlgorithm,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + lifeMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: pemOf(certificate), privateKeyPem };
}

export interface ServingOptions {
  readonly authority: MadeCertificate;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly lifeMs: number;
}

export async function makeServingCertificate(options: ServingOptions): Promise<MadeCertificate> {
  const { authority, names, nowMs, lifeMs } = options;
  const { keys, privateKeyPem } = await generateKeyPair();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const signing = await importKeyPair(authority.privateKeyPem);
  if (signing === null) throw unusableKey();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: issuer.subjectName,
    serialNumber: randomSerial(),
    publicKey: keys.publicKey,
    signingKey: signing.keys.privateKey,
    signingAlgorithm: signing.algorithm,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(Math.min(nowMs + lifeMs, issuer.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value): x509.JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
    ],
  });
  return { certificatePem: pemOf(certificate), privateKeyPem };
}

function unusableKey(): TulleError {
  const message =
    "the key of the injector's own authority is of a kind that cannot sign here: delete Secret " +
    'tulle-injector-certificate, and all of it is made anew';
  return new TulleError('SERVING_CERTIFICATE', message, { source: 'config' });
}

/** Whether a private key belongs to a certificate. */
export function isKeyOf(privateKeyPem: string, certificatePem: string): boolean {
  try {
    const own = createPublicKey(createPrivateKey(privateKeyPem)).export({ format: 'der', type: 'spki' });
    return own.equals(Buffer.from(new x509.X509Certificate(certificatePem).publicKey.rawData));
  } catch {
    return false;
  }
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
