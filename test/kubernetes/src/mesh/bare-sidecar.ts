import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeLoopbackAddress, type RunningProcess, startProcess } from '@tulle/testkit';
import type { InstalledMesh, LocalProgram } from './installed-mesh.ts';
import { meshNamespace, root } from './manifests.ts';

/** A sidecar that is whoever it says to be, with a token of whomever. */
export async function startBareSidecar(
  mesh: InstalledMesh,
  controlPlane: LocalProgram,
  { workload, token }: { readonly workload: string; readonly token: string },
): Promise<RunningProcess> {
  const directory = await mkdtemp(join(mesh.directory.path, 'token-'));
  await writeFile(join(directory, 'token'), token, { mode: 0o600 });
  const trust = await mesh.kubectl.get('configmap/tulle-trust', meshNamespace);
  const address = freeLoopbackAddress();
  return await startProcess({
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
}
