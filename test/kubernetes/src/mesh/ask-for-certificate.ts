import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeLoopbackAddress, startProcess } from '@tulle/testkit';
import type { InstalledMesh, LocalProgram } from './installed-mesh.ts';
import { meshNamespace, root } from './manifests.ts';

const answerTimeoutMs = 30_000;

/** What a sidecar with this token is told by a control plane. */
export type CertificateAnswer =
  | { readonly kind: 'certificate'; readonly spiffeId: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Runs a sidecar with the token until it has a certificate, or has been told why not. */
export async function askForCertificate(
  mesh: InstalledMesh,
  controlPlane: LocalProgram,
  { workload, token }: { readonly workload: string; readonly token: string },
): Promise<CertificateAnswer> {
  const directory = await mkdtemp(join(mesh.directory.path, 'token-'));
  await writeFile(join(directory, 'token'), token, { mode: 0o600 });
  const trust = await mesh.kubectl.get('configmap/tulle-trust', meshNamespace);
  const address = freeLoopbackAddress();
  await using sidecar = await startProcess({
    name: `sidecar of ${workload}`,
    entry: join(root, 'packages/sidecar/src/main.ts'),
    env: {
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tulle-tests'),
      TULLE_WORKLOAD: workload,
      TULLE_CONTROL_PLANE: `${controlPlane.address}:15012`,
      TULLE_CA_PEM: trust.data['root.pem'],
      TULLE_TOKEN_FILE: join(directory, 'token'),
      TULLE_HOST: address,
      TULLE_ADMIN_HOST: address,
    },
  });
  const line = await sidecar.waitForLog(
    ({ msg }) => msg === 'certificate received' || msg === 'no certificate yet',
    answerTimeoutMs,
  );
  return line.msg === 'certificate received'
    ? { kind: 'certificate', spiffeId: String(line.spiffeId) }
    : { kind: 'refused', reason: String(line.reason) };
}
