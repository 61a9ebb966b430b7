import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addresses, backendPort, cores } from '../addresses.ts';
import type { Setup } from '../cases.ts';
import { writePeerCertificate } from '../certificates.ts';
import { isReadyPage, PinnedProcess } from '../measure/pinned-process.ts';
import { bundleSidecar } from './bundle-sidecar.ts';
import { asUser, captured, startCapture, virtualIp } from './capture.ts';
import { stopAll } from './stop-all.ts';
import type { PeerDoor, Subject, SubjectName, Workspace } from './subject.ts';
import { writeConfiguration } from './tulle-configuration.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const packages = join(root, 'packages');
const sidecarSource = join(packages, 'sidecar/src/main.ts');

/** The sidecar as it is developed: every module from its source. */
export function startTulle(setup: Setup, workspace: Workspace): Promise<Subject> {
  return start(setup, workspace, { name: 'tulle', file: sidecarSource });
}

/** The same bundled, which is how an image has it. */
export async function startTulleBundled(setup: Setup, workspace: Workspace): Promise<Subject> {
  const file = await bundleSidecar(root, workspace.folder);
  return start(setup, workspace, { name: 'tulle-bundled', file });
}

interface Program {
  readonly name: SubjectName;
  readonly file: string;
}

/**
 * The product itself: a control plane (not measured) and sidecars with their defaults, metrics on.
 * One hop calls a pod without a sidecar in plain; two hops one with a sidecar. Bytes are captured.
 */
async function start(
  { hops, protocol }: Setup,
  { folder: run }: Workspace,
  program: Program,
): Promise<Subject> {
  const isCaptured = protocol === 'tcp';
  const workspace = { folder: join(run, program.name) };
  const tokens = writeConfiguration(protocol, workspace);
  if (isCaptured) startCapture();
  const controlPlane = await startControlPlane(workspace);
  const pods = hops === 2 ? (['client', 'server'] as const) : (['client'] as const);
  const measured = pods.map((pod) =>
    startSidecar({ pod, token: tokens[pod], file: program.file, isCaptured }, workspace),
  );
  const stop = () => stopAll([...measured, controlPlane]);
  try {
    for (const [index, sidecar] of measured.entries()) {
      await sidecar.waitUntil(() => isReadyPage(`http://${addresses[pods[index]!]}:15020/readyz`));
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const subject = { name: program.name, measured, stop };
  if (isCaptured) return { ...subject, address: virtualIp, port: backendPort };
  const entry = { ...subject, address: addresses.client, port: 15_001 };
  if (hops === 1) return { ...entry, host: `plain.bench:${backendPort}` };
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

interface SidecarStart {
  readonly pod: 'client' | 'server';
  readonly token: string;
  readonly file: string;
  readonly isCaptured: boolean;
}

function startSidecar({ pod, token, file, isCaptured }: SidecarStart, { folder }: Workspace): PinnedProcess {
  const address = addresses[pod];
  const tokenFile = join(folder, `${pod}.token`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const { uid, outboundPort, inboundPort } = captured[pod];
  const capture = {
    TULLE_CAPTURE: 'redirect',
    TULLE_OUTBOUND_PORT: String(outboundPort),
    TULLE_INBOUND_PORT: String(inboundPort),
  };
  return new PinnedProcess(`sidecar-${pod}`, {
    command: [...(isCaptured ? asUser(uid) : []), process.execPath, file],
    core: cores.proxy,
    env: {
      TULLE_WORKLOAD: `bench/${pod}`,
      TULLE_CONTROL_PLANE: `${addresses.controlPlane}:15012`,
      TULLE_CA_FILE: join(folder, 'state/root.pem'),
      TULLE_TOKEN_FILE: tokenFile,
      TULLE_HOST: address,
      TULLE_ADMIN_HOST: address,
      TULLE_LOG_LEVEL: 'warn',
      ...(isCaptured ? capture : {}),
    },
  });
}
