import { createPrivateKey, X509Certificate } from 'node:crypto';
import { formatSpiffeId, type Parsed, parseSpiffeId, type SpiffeId, type Violation } from '@tulle/model';

/** What the control plane signed, as it came. */
export interface SignedCertificate {
  readonly chainDer: readonly Uint8Array[];
  readonly rootsDer: readonly Uint8Array[];
}

export interface CertificateExpectation {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly privateKeyPem: string;
  readonly nowMs: number;
  /** Roots already trusted; the chain may lead to one of them while roots rotate. PEM. */
  readonly knownRootsPem: readonly string[];
}

export interface CheckedCertificate {
  readonly id: SpiffeId;
  readonly certificatePem: string;
  readonly rootsPem: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const maxChainLength = 8;
const maxRoots = 32;

/**
 * Parses a signing answer: a chain to a root, for the very key that was sent, with an identity of this
 * workload's namespace. A certificate that peers would refuse must not replace one that works.
 */
export function checkCertificate(
  signed: SignedCertificate,
  expected: CertificateExpectation,
): Parsed<CheckedCertificate> {
  const faults: Violation[] = [];
  const chain = parseAll('certificate_chain_der', signed.chainDer, maxChainLength, faults);
  const roots = parseAll('trust_roots_der', signed.rootsDer, maxRoots, faults);
  const leaf = chain[0];
  if (roots.length === 0) faults.push({ path: 'trust_roots_der', reason: 'must have a root certificate' });
  if (leaf === undefined) faults.push({ path: 'certificate_chain_der', reason: 'must have a certificate' });
  if (leaf === undefined || faults.length > 0) return { ok: false, violations: faults };

  const known = expected.knownRootsPem.map((pem) => new X509Certificate(pem));
  faults.push(...checkChain(chain, [...roots, ...known]), ...checkLeaf(leaf, expected));
  const id = readIdentity(leaf);
  if (id === null || id.trustDomain !== expected.trustDomain || id.namespace !== expected.namespace) {
    const wanted = `spiffe://${expected.trustDomain}/ns/${expected.namespace}/sa/…`;
    const got = id === null ? (leaf.subjectAltName ?? 'none') : formatSpiffeId(id);
    faults.push({
      path: 'certificate_chain_der[0]',
      reason: `must have the one identity ${wanted}, not ${got}`,
    });
  }
  if (id === null || faults.length > 0) return { ok: false, violations: faults };
  return {
    ok: true,
    value: {
      id,
      certificatePem: chain.map(String).join(''),
      rootsPem: roots.map(String),
      notBeforeMs: leaf.validFromDate.getTime(),
      notAfterMs: leaf.validToDate.getTime(),
    },
  };
}

function parseAll(
  path: string,
  ders: readonly Uint8Array[],
  max: number,
  faults: Violation[],
): X509Certificate[] {
  if (ders.length > max) {
    faults.push({ path, reason: `must have at most ${max} certificates` });
    return [];
  }
  return ders.flatMap((der, index) => {
    try {
      return [new X509Certificate(der)];
    } catch {
      faults.push({ path: `${path}[${index}]`, reason: 'is not a readable X.509 certificate' });
      return [];
    }
  });
}

function checkChain(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): Violation[] {
  const faults: Violation[] = [];
  chain.forEach((certificate, index) => {
    const issuers = chain[index + 1] === undefined ? roots : [chain[index + 1]!];
    if (issuers.some((issuer) => isIssuedBy(certificate, issuer))) return;
    const by = issuers === roots ? 'any of the trust roots' : 'the certificate after it';
    faults.push({ path: `certificate_chain_der[${index}]`, reason: `is not issued by ${by}` });
  });
  return faults;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkLeaf(leaf: X509Certificate, { privateKeyPem, nowMs }: CertificateExpectation): Violation[] {
  const path = 'certificate_chain_der[0]';
  const faults: Violation[] = [];
  if (!leaf.checkPrivateKey(createPrivateKey(privateKeyPem)))
    faults.push({ path, reason: 'is not for the key that was sent' });
  if (leaf.validToDate.getTime() <= nowMs)
    faults.push({ path, reason: `ended ${leaf.validTo}; is a clock wrong?` });
  return faults;
}

/** The one SPIFFE URI of a certificate; null where it has none, several, or none of this mesh's form. */
function readIdentity(leaf: X509Certificate): SpiffeId | null {
  const uris = (leaf.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:'));
  // X.509-SVID, section 2: exactly one URI SAN.
  return uris.length === 1 ? parseSpiffeId(uris[0]!.slice('URI:'.length)) : null;
}
