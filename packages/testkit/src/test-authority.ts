// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const hourMs = 3_600_000;

export interface TestAuthorityOptions {
  /** Default `cluster.local`. */
  readonly trustDomain?: string;
}

export interface TestCertificateOptions {
  /** The URI SAN as it is, well-formed or not. Default: the identity of `namespace` and `serviceAccount`. */
  readonly spiffeId?: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** Default `default`. */
  readonly serviceAccount?: string;
  readonly dnsNames?: readonly string[];
  /** Default: one minute ago. */
  readonly notBeforeMs?: number;
  /** Default: in one hour. */
  readonly notAfterMs?: number;
}

/** A leaf with its key, ready for node:tls. */
export interface TestCertificate {
  readonly spiffeId: string;
  /** PEM: the leaf, then the intermediate. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** PEM: the root of the authority that issued it. */
  readonly rootsPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A certificate authority in memory. Each one has a root of its own: two of them don't trust each other. */
export interface TestAuthority {
  readonly trustDomain: string;
  readonly rootPem: string;
  readonly intermediatePem: string;
  issue(options?: TestCertificateOptions): Promise<TestCertificate>;
}

export async function createTestAuthority(options: TestAuthorityOptions = {}): Promise<TestAuthority> {
  const trustDomain = options.trustDomain ?? 'cluster.local';
  const validity = {
    notBefore: new Date(Date.now() - 30 * 24 * hourMs),
    notAfter: new Date(Date.now() + 30 * 24 * hourMs),
  };
  const rootKeys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=test root, O=${trustDomain}`,
    keys: rootKeys,
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(rootKeys, rootKeys, undefined),
    ...validity,
  });
  const keys = await generateKeys();
  const intermediate = await x509.X509CertificateGenerator.create({
    subject: `CN=test intermediate, O=${trustDomain}`,
    issuer: root.subjectName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(keys, rootKeys, 0),
    ...validity,
  });
  return authorityOf({ trustDomain, root, intermediate, keys });
}

export interface OpenAuthorityOptions extends TestAuthorityOptions {
  readonly rootPem: string;
  /** The certificate and its private key (PKCS#8) in one PEM, in any order. */
  readonly intermediateWithKeyPem: string;
}

/** An authority that stands already, such as a control plane's: what a thief of its signing key can make. */
export async function openTestAuthority(options: OpenAuthorityOptions): Promise<TestAuthority> {
  const blocks = x509.PemConverter.decodeWithHeaders(options.intermediateWithKeyPem);
  const block = (type: string) => blocks.find((each) => each.type === type)!.rawData;
  const intermediate = new x509.X509Certificate(block('CERTIFICATE'));
  const keys = {
    publicKey: await intermediate.publicKey.export(algorithm, ['verify']),
    privateKey: await webcrypto.subtle.importKey('pkcs8', block('PRIVATE KEY'), algorithm, false, ['sign']),
  };
  const trustDomain = options.trustDomain ?? 'cluster.local';
  return authorityOf({ trustDomain, root: new x509.X509Certificate(options.rootPem), intermediate, keys });
}

interface Issuer {
  readonly trustDomain: string;
  readonly root: x509.X509Certificate;
  readonly intermediate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

function authorityOf(issuer: Issuer): TestAuthority {
  return {
    trustDomain: issuer.trustDomain,
    rootPem: issuer.root.toString('pem'),
    intermediatePem: issuer.intermediate.toString('pem'),
    issue: (leaf = {}) => issueLeaf(issuer, leaf),
  };
}

async function issueLeaf(issuer: Issuer, options: TestCertificateOptions): Promise<TestCertificate> {
  const { namespace = 'default', serviceAccount = 'default', dnsNames = [] } = options;
  const spiffeId = options.spiffeId ?? `spiffe://${issuer.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  // X.509 keeps whole seconds.
  const notBeforeMs = Math.floor((options.notBeforeMs ?? Date.now() - 60_000) / 1_000) * 1_000;
  const notAfterMs = Math.floor((options.notAfterMs ?? Date.now() + hourMs) / 1_000) * 1_000;
  const keys = await generateKeys();
  const leaf = await x509.X509CertificateGenerator.create({
    issuer: issuer.intermediate.subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      new x509.SubjectAlternativeNameExtension(
        [
          { type: 'url', value: spiffeId },
          ...dnsNames.map((value): x509.JsonGeneralName => ({ type: 'dns', value })),
        ],
        true,
      ),
    ],
  });
  return {
    spiffeId,
    certificatePem: `${leaf.toString('pem')}\n${issuer.intermediate.toString('pem')}\n`,
    privateKeyPem: await exportKeyPem(keys.privateKey),
    rootsPem: `${issuer.root.toString('pem')}\n`,
    notBeforeMs,
    notAfterMs,
  };
}

async function authorityExtensions(
  keys: webcrypto.CryptoKeyPair,
  issuerKeys: webcrypto.CryptoKeyPair,
  pathLength: number | undefined,
): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(issuerKeys.publicKey),
  ];
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
