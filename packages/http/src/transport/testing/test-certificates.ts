/** A small certificate authority for the tests of this package. The casts: x509 wants DOM types. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface TestIdentity {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

export class TestAuthority {
  readonly caPem: string;
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.caPem = certificate.toString('pem');
  }

  static async create(name: string): Promise<TestAuthority> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        name: `CN=${name}`,
        notBefore: new Date(Date.now() - 60_000),
        notAfter: new Date(Date.now() + 3_600_000),
        keys: keys as never,
        signingAlgorithm: ALGORITHM,
        extensions: [new BasicConstraintsExtension(true, undefined, true)],
      },
      webcrypto as never,
    );
    return new TestAuthority(certificate, keys);
  }

  async issue(uri: string, validForMs = 3_600_000): Promise<TestIdentity> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.create(
      {
        subject: 'CN=workload',
        issuer: this.#certificate.subject,
        notBefore: new Date(Date.now() - 60_000),
        notAfter: new Date(Date.now() + validForMs),
        signingKey: this.#keys.privateKey as never,
        publicKey: keys.publicKey as never,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new SubjectAlternativeNameExtension([{ type: 'url', value: uri }], true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        ],
      },
      webcrypto as never,
    );
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    return { certPem: certificate.toString('pem'), keyPem, caPem: this.caPem };
  }
}

export function clientContext(identity: TestIdentity, caPem = identity.caPem): SecureContext {
  return createSecureContext({
    cert: identity.certPem,
    key: identity.keyPem,
    ca: caPem,
    minVersion: 'TLSv1.3',
  });
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}
