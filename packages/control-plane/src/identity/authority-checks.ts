import type * as x509 from '@peculiar/x509';
import type { AuthorityMaterial } from './authority-material.ts';
import { authorityError } from './authority-store.ts';

const dayMs = 86_400_000;
const rootNoticeMs = 180 * dayMs;
const maxNoticeMs = 30 * dayMs;

/** Throws where nothing that is signed now would be taken by anybody. */
export function refuseExpired({ root, roots, signer }: AuthorityMaterial, location: string, nowMs: number) {
  if (roots.every((certificate) => leftMs(certificate, nowMs) <= 0)) {
    throw authorityError(`${location}: the root certificate has expired: a new authority is needed`);
  }
  // Our own is rotated when something is to be signed.
  if (root !== null || leftMs(signer.certificate, nowMs) > 0) return;
  throw authorityError(`${location}: the given intermediate certificate has expired: renew it`);
}

/** Throws where a mesh would fall in two: what was signed before and what is signed from now on share no root. */
export function refuseStrangers(
  rootsPem: readonly string[],
  trustedPem: readonly string[],
  location: string,
): void {
  if (trustedPem.length === 0 || rootsPem.some((root) => trustedPem.includes(root))) return;
  throw authorityError(
    `${location} holds none of the roots that the mesh's sidecars trust: restore it from a backup, or keep the ` +
      'former root in ca.crt until every certificate has been renewed; to begin anew with an authority that no ' +
      'running sidecar trusts, delete the published roots too, and then restart the control plane and all sidecars',
  );
}

/** When the first of what a leaf is verified by ends. */
export function endOfChainMs({ signer, chain }: AuthorityMaterial): number {
  return Math.min(...[signer.certificate, ...chain].map(({ notAfter }) => notAfter.getTime()));
}

export interface EndingCertificate {
  readonly role: 'root' | 'intermediate';
  readonly days: number;
}

/** What an operator has to see to soon, since nothing here does. */
export function endingCertificates(
  { root, roots, signer }: AuthorityMaterial,
  nowMs: number,
): readonly EndingCertificate[] {
  const given = root === null ? [signer.certificate] : [];
  const ending = (role: EndingCertificate['role'], noticeMs: (it: x509.X509Certificate) => number) => {
    return (certificate: x509.X509Certificate): readonly EndingCertificate[] => {
      const left = leftMs(certificate, nowMs);
      return left < noticeMs(certificate) ? [{ role, days: Math.floor(left / dayMs) }] : [];
    };
  };
  return [
    // Whoever renews it does so at two thirds of its life (cert-manager): at five sixths it has been missed.
    ...given.flatMap(ending('intermediate', (it) => Math.min(maxNoticeMs, lifeMs(it) / 6))),
    ...roots.flatMap(ending('root', (it) => Math.min(rootNoticeMs, lifeMs(it) / 6))),
  ];
}

function leftMs({ notAfter }: x509.X509Certificate, nowMs: number): number {
  return notAfter.getTime() - nowMs;
}

function lifeMs({ notBefore, notAfter }: x509.X509Certificate): number {
  return notAfter.getTime() - notBefore.getTime();
}
