import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeLoopbackAddress, metricsPort, page, type RunningProcess, startProcess } from '@tulle/testkit';
import type { KubernetesObject } from '../kubectl.ts';
import { containerEnv } from './container-env.ts';
import type { InstalledMesh, LocalProgram } from './installed-mesh.ts';
import { type Manifest, root } from './manifests.ts';

const adminPort = 15_000;
const startTimeoutMs = 60_000;

/** A pod that the API server admitted, with its sidecar as a process on a loopback address that is the pod's. */
export interface LocalPod {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly sidecar: RunningProcess;
  /** The sidecar's /config_dump. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as deep as they need.
  dump(): Promise<any>;
}

/**
 * Makes the pod, which has to be injected, and runs what was injected: the sidecar with the environment of its
 * container and a token that is bound to the pod. Traffic is not captured: whoever calls sends to the sidecar.
 */
export async function startLocalPod(
  mesh: InstalledMesh,
  controlPlane: LocalProgram,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<LocalPod> {
  const { kubectl } = mesh;
  const address = freeLoopbackAddress();
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: podSpec };
  const admitted = JSON.parse(
    await kubectl.must(['create', '-o', 'json', '-f', '-'], JSON.stringify(pod)),
  ) as KubernetesObject;
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] };
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await kubectl.must(['patch', 'pod', name, '-n', namespace, ...patch]);
  const directory = join(mesh.directory.path, `${namespace}-${name}`);
  await mkdir(directory);
  const token = await kubectl.must(['create', 'token', ...boundTo(admitted)]);
  await writeFile(join(directory, 'token'), token.trim(), { mode: 0o600 });
  const sidecar = await startProcess({
    name: `sidecar of ${namespace}/${name}`,
    entry: join(root, 'packages/sidecar/src/main.ts'),
    env: {
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/tulle-tests'),
      ...containerEnv(sidecarOf(admitted), fieldsOf(admitted, address)),
      TULLE_CONTROL_PLANE: `${controlPlane.address}:15012`,
      TULLE_TOKEN_FILE: join(directory, 'token'),
      TULLE_STATE_DIR: join(directory, 'state'),
      TULLE_CAPTURE: 'none',
      TULLE_HOST: address,
      TULLE_ADMIN_HOST: address,
    },
  });
  mesh.supervise(sidecar);
  await sidecar.waitForReady(`http://${address}:${metricsPort}/readyz`, startTimeoutMs);
  const dump = async () => JSON.parse(await page(`http://${address}:${adminPort}/config_dump`));
  return { namespace, name, address, sidecar, dump };
}

const podSpec = {
  serviceAccountName: 'default',
  containers: [{ name: 'app', image: 'app', ports: [{ containerPort: 8_080 }] }],
};

/** The container of an admitted pod that is its sidecar, wherever it stands. */
function sidecarOf({ metadata, spec }: KubernetesObject): Manifest {
  const containers = [...(spec.initContainers ?? []), ...spec.containers] as Manifest[];
  const sidecar = containers.find(({ name }) => name === 'tulle-sidecar');
  if (sidecar === undefined) throw new Error(`the pod ${metadata.name} has no sidecar`);
  return sidecar;
}

function fieldsOf({ metadata, spec }: KubernetesObject, address: string): Readonly<Record<string, string>> {
  return {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace!,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.podIP': address,
  };
}

function boundTo({ metadata, spec }: KubernetesObject): readonly string[] {
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=${metadata.name}`];
  return [spec.serviceAccountName, '-n', metadata.namespace!, '--audience=tulle', '--duration=1h', ...bound];
}
