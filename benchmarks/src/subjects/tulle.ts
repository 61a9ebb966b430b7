import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addresses, backendPort, cores } from '../addresses.ts';
import type { Protocol, Setup } from '../cases.ts';
import { writePeerCertificate } from '../certificates.ts';
import { isReadyPage, PinnedProcess } from '../measure/pinned-process.ts';
import { bundleSidecar } from './bundle-sidecar.ts';
import { stopAll } from './stop-all.ts';
import type { PeerDoor, Subject, SubjectName, Workspace } from './subject.ts';

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url));
const sidecarSource = join(packages, 'sidecar/src/main.ts');

/** The sidecar as it is developed: every module from its source. */
export function startTulle(setup: Setup, workspace: Workspace): Promise<Subject> {
  return start(setup, workspace, { name: 'tulle', file: sidecarSource });
}

/** The same as one file, which is how an image has it. */
export async function startTulleBundled(setup: Setup, workspace: Workspace): Promise<Subject> {
  const file = await bundleSidecar(sidecarSource, workspace.folder);
  return start(setup, workspace, { name: 'tulle-bundled', file });
}

interface Program {
  readonly name: SubjectName;
  readonly file: string;
}

/**
 * The product itself: a control plane (not measured) and sidecars with their defaults, metrics on.
 * One hop calls a pod without a sidecar in plain; two hops one with a sidecar.
 */
async function start(
  { hops, protocol }: Setup,
  { folder: run }: Workspace,
  program: Program,
): Promise<Subject> {
  const isPair = hops === 2;
  const workspace = { folder: join(run, program.name) };
  const tokens = writeConfiguration(protocol, workspace);
  const controlPlane = await startControlPlane(workspace);
  const sidecar = (pod: 'client' | 'server') =>
    startSidecar({ pod, token: tokens[pod], file: program.file }, workspace);
  const client = sidecar('client');
  const server = isPair ? [sidecar('server')] : [];
  const measured = [client, ...server];
  const stop = () => stopAll([...measured, controlPlane]);
  try {
    await client.waitUntil(() => isReadyPage(`http://${addresses.client}:15020/readyz`));
    await server[0]?.waitUntil(() => isReadyPage(`http://${addresses.server}:15020/readyz`));
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const entry = { name: program.name, address: addresses.client, port: 15_001, measured, stop };
  if (!isPair) return { ...entry, host: `plain.bench:${backendPort}` };
  return { ...entry, host: `meshed.bench:${backendPort}`, peerDoor: await openPeerDoor(workspace) };
}

/** The inbound listener of the server's sidecar, and a certificate of the mesh to come in with. */
async function openPeerDoor({ folder }: Workspace): Promise<PeerDoor> {
  await writePeerCertificate(join(folder, 'state'), { folder, name: 'client' });
  const tls = {
    certificateFile: join(folder, 'client.crt'),
    keyFile: join(folder, 'client.key'),
    rootFile: join(folder, 'state/root.pem'),
    serverName: `p${backendPort}.inbound.tulle.internal`,
    alpnProtocol: 'tulle-http/2',
  };
  return { address: addresses.server, port: 15_006, tls, speaks: 'h2' };
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

function startSidecar(
  { pod, token, file }: { pod: 'client' | 'server'; token: string; file: string },
  { folder }: Workspace,
): PinnedProcess {
  const address = addresses[pod];
  const tokenFile = join(folder, `${pod}.token`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  return new PinnedProcess(`sidecar-${pod}`, {
    command: [process.execPath, file],
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

function writeConfiguration(protocol: Protocol, { folder }: Workspace): { client: string; server: string } {
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
    ...service('meshed', { protocol, podName: 'server', address: addresses.server }),
    ...service('plain', { protocol, podName: 'outsider', address: addresses.outsider }),
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

const appProtocols: Readonly<Record<Protocol, string>> = {
  h1: 'http',
  h2c: 'kubernetes.io/h2c',
  grpc: 'grpc',
  tcp: 'tcp',
};

function service(
  name: string,
  { protocol, podName, address }: { protocol: Protocol; podName: string; address: string },
): object[] {
  const metadata = { name, namespace: 'bench' };
  const port = { name: 'app', port: backendPort, appProtocol: appProtocols[protocol] };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [port] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'bench', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'app', port: backendPort }],
      endpoints: [{ addresses: [address], targetRef: { kind: 'Pod', name: podName, namespace: 'bench' } }],
    },
  ];
}
