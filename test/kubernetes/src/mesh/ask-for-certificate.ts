import { startBareSidecar } from './bare-sidecar.ts';
import type { InstalledMesh, LocalProgram } from './installed-mesh.ts';

const answerTimeoutMs = 30_000;

/** What a sidecar with this token is told by a control plane. */
export type CertificateAnswer =
  | { readonly kind: 'certificate'; readonly spiffeId: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Runs a sidecar with the token until it has a certificate, or has been told why not. */
export async function askForCertificate(
  mesh: InstalledMesh,
  controlPlane: LocalProgram,
  options: { readonly workload: string; readonly token: string },
): Promise<CertificateAnswer> {
  await using sidecar = await startBareSidecar(mesh, controlPlane, options);
  const line = await sidecar.waitForLog(
    ({ msg }) => msg === 'certificate received' || msg === 'no certificate yet',
    answerTimeoutMs,
  );
  return line.msg === 'certificate received'
    ? { kind: 'certificate', spiffeId: String(line.spiffeId) }
    : { kind: 'refused', reason: String(line.reason) };
}
