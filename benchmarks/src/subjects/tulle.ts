import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addresses, backendPort, cores } from '../addresses.ts';
import { isReadyPage, PinnedProcess } from '../measure/pinned-process.ts';
import type { CaseName, Subject, Workspace } from './subject.ts';

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url));

/**
 * The product itself: a control plane (not measured) and sidecars with their defaults, metrics on.
 * `one-hop-h1` calls a pod without a sidecar in plain; `two-hop-mtls` one with a sidecar.
 */
export async function startTulle(name: CaseName, workspace: Workspace): Promise<Subject> {
  const isPair = name === 'two-hop-mtls';
  const tokens = writeConfiguration(workspace);
  const controlPlane = await startControlPlane(workspace);
  const client = startSidecar('client', addresses.client, tokens.client, workspace);
  const server = isPair ? [startSidecar('server', addresses.server, tokens.server, workspace)] : [];
  const measured = [client, ...server];
  const stop = async () => void (await Promise.all([...measured, controlPlane].map((one) => one.stop())));
  try {
    await client.waitUntil(() => isReadyPage(`http://${addresses.client}:15020/readyz`));
    await server[0]?.waitUntil(() => isReadyPage(`http://${addresses.server}:15020/readyz`));
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const host = isPair ? `meshed.bench:${backendPort}` : `plain.bench:${backendPort}`;
  return { name: 'tulle', url: `http://${addresses.client}:15001/`, host, measured, stop };
}

async function startControlPlane({ folder }: Workspace): Promise<PinnedProcess> {
  const controlPlane = new PinnedProcess('control-plane', {
    command: [process.execPath, join(packages, 'control-plane/src/main.ts')],
    core: cores.load,
    env: {
      TULLE_CONFIG_DIR: join(folder, 'mesh'),
      TULLE_STATE_DIR: join(folder, 'state'),
      TULLE_TOKENS_FILE: join(folder, 'tokens.yaml'),
      TULLE_DISCOVERY_HOST: addresses.controlPlane,
      TULLE_ADMIN_HOST: addresses.controlPlane,
    },
  });
  await controlPlane.waitUntil(() => isReadyPage(`http://${addresses.controlPlane}:15014/readyz`));
  return controlPlane;
}

function startSidecar(pod: string, address: string, token: string, { folder }: Workspace): PinnedProcess {
  const tokenFile = join(folder, `${pod}.token`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  return new PinnedProcess(`sidecar-${pod}`, {
    command: [process.execPath, join(packages, 'sidecar/src/main.ts')],
    core: cores.proxy,
    env: {
      TULLE_WORKLOAD: `bench/${pod}`,
      TULLE_CONTROL_PLANE: `${addresses.controlPlane}:15012`,
      TULLE_CA_FILE: join(folder, 'state/root.pem'),
      TULLE_TOKEN_FILE: tokenFile,
      TULLE_HOST: address,
      TULLE_ADMIN_HOST: address,
      TULLE_LOG_LEVEL: 'warn',
    },
  });
}

function writeConfiguration({ folder }: Workspace): { client: string; server: string } {
  const tokens = { client: randomBytes(24).toString('hex'), server: randomBytes(24).toString('hex') };
  mkdirSync(join(folder, 'mesh'), { recursive: true });
  const entries = Object.entries(tokens).map(([pod, token]) => ({
    token,
    namespace: 'bench',
    serviceAccount: pod,
  }));
  writeFileSync(join(folder, 'tokens.yaml'), JSON.stringify({ tokens: entries }), { mode: 0o600 });
  const documents = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'bench', labels: { 'tulle.dev/inject': 'enabled' } },
    },
    pod('client', addresses.client),
    pod('server', addresses.server),
    pod('outsider', addresses.outsider, { 'tulle.dev/inject': 'disabled' }),
    ...service('meshed', 'server', addresses.server),
    ...service('plain', 'outsider', addresses.outsider),
  ];
  writeFileSync(join(folder, 'mesh/bench.yaml'), documents.map((one) => JSON.stringify(one)).join('\n---\n'));
  return tokens;
}

function pod(name: string, podIP: string, labels: Record<string, string> = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'bench', labels },
    spec: { serviceAccountName: name },
    status: { podIP },
  };
}

function service(name: string, podName: string, address: string): object[] {
  const metadata = { name, namespace: 'bench' };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: backendPort }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: backendPort }],
      endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', name: podName, namespace: 'bench' } }],
    },
  ];
}
