import { X509Certificate } from 'node:crypto';
import type { IdentityMaterial } from '../config/mesh-view.ts';

/** The identity as the config dump shows it: everything but the key. */
export function describeIdentity(material: IdentityMaterial | null): unknown {
  if (material === null) return null;
  const { spiffeId, trustDomain, certificatePem, rootsPem, notBeforeMs, notAfterMs, generation } = material;
  const leaf = new X509Certificate(certificatePem);
  return {
    spiffeId,
    trustDomain,
    serialNumber: leaf.serialNumber,
    fingerprint256: leaf.fingerprint256,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    generation,
    certificatePem,
    rootsPem,
  };
}
