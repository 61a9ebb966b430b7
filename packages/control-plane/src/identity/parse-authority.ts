// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { importKeyPair } from '@tulle/certificates';
import { assertNever } from '@tulle/model';
import type { AuthorityMaterial } from './authority-material.ts';
import { authorityError, type StoredAuthority } from './authority-store.ts';
import type { SigningPair } from './certificates.ts';

/** Whose authority it is to be, and where it lies, for messages. */
export interface AuthorityPlace {
  readonly trustDomain: string;
  readonly location: string;
}

interface Pair {
  readonly certificate: X509Certificate;
  readonly signing: SigningPair;
}

/** A chain of that many is nobody's; each costs every handshake of the mesh. */
const maxChain = 4;
/** As many as a sidecar takes (limits.rootsPerBundle). */
const maxRoots = 32;

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const keyPattern = /-----BEGIN ((?:EC |RSA )?PRIVATE KEY)-----[^-]+-----END \1-----/;

/** Reads what is kept; throws where it does not belong together or is not this mesh's. */
export async function parseAuthority(
  stored: StoredAuthority,
  place: AuthorityPlace,
): Promise<AuthorityMaterial> {
  switch (stored.kind) {
    case 'own':
      return await parseOwn(stored, place);
    case 'given':
      return await parseGiven(stored, place);
    default:
      return assertNever(stored);
  }
}

/** The certificates of a text that was published, as the bundle has them; what cannot be read is left out. */
export function parseRoots(rootsPem: string | null): readonly string[] {
  return (rootsPem?.match(certificatePattern) ?? []).flatMap((pem) => {
    try {
      return [new X509Certificate(pem).toString()];
    } catch {
      return [];
    }
  });
}

async function parseOwn(
  stored: Extract<StoredAuthority, { kind: 'own' }>,
  place: AuthorityPlace,
): Promise<AuthorityMaterial> {
  const root = await parseOwnPair('root-with-key.pem', stored.root, place);
  const intermediate = await parseOwnPair('intermediate-with-key.pem', stored.intermediate, place);
  if (!isIssuedBy(root.certificate, root.certificate)) {
    throw fault(place, 'root-with-key.pem does not hold a self-signed certificate');
  }
  if (!isIssuedBy(intermediate.certificate, root.certificate)) {
    throw fault(
      place,
      'intermediate-with-key.pem was not signed by the root in root-with-key.pem: restore the two from one backup',
    );
  }
  const signer = intermediate.signing;
  return {
    signer,
    chain: [signer.certificate],
    roots: [root.signing.certificate],
    root: root.signing,
  };
}

async function parseOwnPair(name: string, content: string, place: AuthorityPlace): Promise<Pair> {
  const pem = content.match(certificatePattern)?.[0];
  const keyPem = keyPattern.exec(content)?.[0];
  if (pem === undefined || keyPem === undefined) {
    throw fault(place, `${name} does not hold a certificate and a private key`);
  }
  const certificate = parseCertificate(name, pem, place);
  const pair = await parsePair(certificate, keyPem, { place, certificateName: name, keyName: name });
  if (certificate.subjectAltName !== `URI:spiffe://${place.trustDomain}`) {
    const made = certificate.subjectAltName?.replace('URI:spiffe://', '') ?? 'none';
    throw otherTrustDomain(name, made, place);
  }
  return pair;
}

async function parseGiven(
  { certificates, privateKey, roots }: Extract<StoredAuthority, { kind: 'given' }>,
  place: AuthorityPlace,
): Promise<AuthorityMaterial> {
  const given = parseCertificates('tls.crt', certificates, maxChain, place);
  const rootCertificates = parseCertificates('ca.crt', roots, maxRoots, place);
  const names = { place, certificateName: 'tls.crt', keyName: 'tls.key' };
  const { certificate, signing } = await parsePair(given[0]!, privateKey, names);
  const domains = uriNamesOf(certificate).filter((uri) => uri.startsWith('spiffe://'));
  if (domains.length > 0 && !domains.includes(`spiffe://${place.trustDomain}`)) {
    throw otherTrustDomain('tls.crt', domains[0]!.slice('spiffe://'.length), place);
  }
  // A peer has the roots already: to send them would only lengthen the handshake.
  const chain = given.filter((it) => !isIssuedBy(it, it));
  for (const [index, it] of chain.entries()) {
    const issuers = chain[index + 1] === undefined ? rootCertificates : [chain[index + 1]!];
    if (issuers.some((issuer) => isIssuedBy(it, issuer))) continue;
    const by = issuers === rootCertificates ? 'any certificate in ca.crt' : 'the one after it';
    throw fault(place, `certificate ${index + 1} in tls.crt is not issued by ${by}: put the whole chain in`);
  }
  if (chain.length === 0 && !rootCertificates.some((root) => root.raw.equals(certificate.raw))) {
    throw fault(place, 'the self-signed certificate in tls.crt is not in ca.crt: put it there too');
  }
  return {
    signer: signing,
    chain: chain.map(toX509),
    roots: rootCertificates.map(toX509),
    root: null,
  };
}

interface PairNames {
  readonly place: AuthorityPlace;
  readonly certificateName: string;
  readonly keyName: string;
}

async function parsePair(
  certificate: X509Certificate,
  keyPem: string,
  { place, certificateName, keyName }: PairNames,
): Promise<Pair> {
  const keys = await importKeyPair(keyPem);
  if (keys === null) {
    throw fault(
      place,
      `${keyName} does not hold a private key that can sign here: P-256 or P-384, or RSA of 2048 to 4096 bits`,
    );
  }
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) {
    const where = certificateName === keyName ? `in ${keyName}` : `in ${certificateName} and ${keyName}`;
    throw fault(place, `the certificate and the private key ${where} do not belong together`);
  }
  if (!certificate.ca) throw fault(place, `the certificate in ${certificateName} is not an authority's`);
  return { certificate, signing: { certificate: toX509(certificate), ...keys } };
}

function parseCertificates(
  name: string,
  content: string,
  max: number,
  place: AuthorityPlace,
): readonly X509Certificate[] {
  const pems = content.match(certificatePattern) ?? [];
  if (pems.length === 0) throw fault(place, `${name} does not hold a certificate`);
  if (pems.length > max) throw fault(place, `${name} may hold ${max} certificates, not ${pems.length}`);
  return pems.map((pem) => parseCertificate(name, pem, place));
}

function parseCertificate(name: string, pem: string, place: AuthorityPlace): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw fault(place, `${name} does not hold a certificate that can be read`, cause);
  }
}

function uriNamesOf(certificate: X509Certificate): readonly string[] {
  const names = (certificate.subjectAltName ?? '').split(', ');
  return names.filter((name) => name.startsWith('URI:')).map((name) => name.slice('URI:'.length));
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function toX509(certificate: X509Certificate): x509.X509Certificate {
  return new x509.X509Certificate(certificate.raw);
}

function otherTrustDomain(name: string, made: string, place: AuthorityPlace) {
  return fault(
    place,
    `the certificate in ${name} is of the trust domain ${made}, not ${place.trustDomain}: ` +
      'set TULLE_TRUST_DOMAIN to it, or give another authority',
  );
}

function fault({ location }: AuthorityPlace, reason: string, cause?: unknown) {
  return authorityError(`${location}: ${reason}`, cause);
}
