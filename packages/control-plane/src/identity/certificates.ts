// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { randomSerial, type SigningAlgorithm, signingAlgorithm } from '@tulle/certificates';

/** A certificate authority's certificate with the key that signs for it. */
export interface SigningPair {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly algorithm: SigningAlgorithm;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LeafOptions extends Validity {
  readonly publicKey: webcrypto.CryptoKey;
  readonly spiffeId: string;
  readonly dnsNames: readonly string[];
}

/** Self-signed; its URI names the trust domain (SPIFFE X.509-SVID, section 3.2). */
export async function createRoot(
  trustDomain: string,
  keys: webcrypto.CryptoKeyPair,
  validity: Validity,
): Promise<x509.X509Certificate> {
  return await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Tulle root, O=${trustDomain}`,
    serialNumber: randomSerial(),
    keys,
    signingAlgorithm,
    extensions: [
      ...authorityExtensions(trustDomain, undefined),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
    ...validity,
  });
}

/** Path length 0: what it signs can sign nothing more. */
export async function createIntermediate(
  trustDomain: string,
  root: SigningPair,
  { publicKey, ...validity }: Validity & { readonly publicKey: webcrypto.CryptoKey },
): Promise<x509.X509Certificate> {
  const serialNumber = randomSerial();
  return await x509.X509CertificateGenerator.create({
    // A name of its own, so that chains of an old and a new intermediate cannot be mixed up.
    subject: `CN=Tulle intermediate ${serialNumber.slice(0, 16)}, O=${trustDomain}`,
    issuer: root.certificate.subjectName,
    serialNumber,
    publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: root.algorithm,
    extensions: [
      ...authorityExtensions(trustDomain, 0),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.keys.publicKey),
    ],
    ...validity,
  });
}

/** A leaf as SPIFFE X.509-SVID wants it: no subject, hence a critical SAN; one URI; no right to sign. */
export async function createLeaf(issuer: SigningPair, leaf: LeafOptions): Promise<x509.X509Certificate> {
  const dnsNames = leaf.dnsNames.map((value): x509.JsonGeneralName => ({ type: 'dns', value }));
  return await x509.X509CertificateGenerator.create({
    issuer: issuer.certificate.subjectName,
    serialNumber: randomSerial(),
    publicKey: leaf.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: issuer.algorithm,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: leaf.spiffeId }, ...dnsNames], true),
      ...issuerKeyExtensions(issuer.certificate),
    ],
  });
}

/** As the issuer calls its key, which need not be as we would (RFC 5280, section 4.2.1.1). */
function issuerKeyExtensions(issuer: x509.X509Certificate): x509.Extension[] {
  const known = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  return known === null ? [] : [new x509.AuthorityKeyIdentifierExtension(known.keyId)];
}

function authorityExtensions(trustDomain: string, pathLength: number | undefined): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
  ];
}
