import { defaults } from '../defaults.ts';
import { annotations, sidecarContainerName } from '../labels.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { dnsSubdomain } from '../text-rules.ts';
import { readAddress } from './addresses.ts';
import { type Injection, readInjection, readSwitch } from './injection.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { readPodOwner } from './pod-owner.ts';
import { portRange } from './ports.ts';

export interface Pod {
  readonly kind: 'Pod';
  readonly metadata: ObjectMeta;
  readonly injection: Injection;
  readonly serviceAccount: string;
  /** Null where the manifest lists no containers, as a hand-written one may. */
  readonly hasSidecar: boolean | null;
  /** Shares the node's network: its ports are not its own, so it is never meshed. */
  readonly isHostNetwork: boolean;
  /** Succeeded or Failed: nothing of it runs any more, and its address may be another's. */
  readonly isFinished: boolean;
  /** Null until it has been placed. */
  readonly nodeName: string | null;
  /** What made it: the name of its Deployment, StatefulSet ... */
  readonly owner: string;
  /** Whether all its TCP goes through its sidecar; else its application sends to the sidecar by itself. */
  readonly isCaptured: boolean;
  /** Where its sidecar takes mesh traffic, unless it is captured. */
  readonly inboundPort: number;
  /** The primary address first; empty until the pod has one. */
  readonly podIps: readonly string[];
}

const maxContainers = 200;

export function readPod(node: ManifestNode): Pod {
  const metadata = readMeta(node);
  const spec = node.field('spec').object();
  const status = node.field('status').object();
  const phase = status.field('phase').optionalText();
  return {
    kind: 'Pod',
    metadata,
    injection: readInjection(node),
    serviceAccount: spec.field('serviceAccountName').optionalText(dnsSubdomain) || defaults.serviceAccount,
    hasSidecar: readHasSidecar(spec),
    isHostNetwork: spec.field('hostNetwork').optionalBoolean() ?? false,
    isFinished: phase === 'Succeeded' || phase === 'Failed',
    nodeName: spec.field('nodeName').optionalText() || null,
    owner: readPodOwner(node.field('metadata'), metadata),
    isCaptured: readSwitch(annotation(node, annotations.capture)) === 'enabled',
    inboundPort: readInboundPort(node),
    podIps: readPodIps(status),
  };
}

function annotation(manifest: ManifestNode, name: string): ManifestNode {
  return manifest.field('metadata').field('annotations').field(name);
}

function readHasSidecar(spec: ManifestNode): boolean | null {
  const containers = ['containers', 'initContainers'].flatMap((list) =>
    spec.field(list).items({ max: maxContainers }),
  );
  if (containers.length === 0) return null;
  return containers.some((container) => container.field('name').value === sidecarContainerName);
}

/** A pod stands in the cluster whatever its annotations say: a bad one is warned of and left out of account. */
function readInboundPort(manifest: ManifestNode): number {
  const node = annotation(manifest, annotations.inboundPort);
  if (typeof node.value !== 'string') return defaults.inboundPort;
  const port = /^\d{1,5}$/.test(node.value) ? Number(node.value) : 0;
  if (port >= portRange.min && port <= portRange.max) return port;
  node.warn(
    `must be a port from 1 to 65535, not ${JSON.stringify(node.value)}; ${defaults.inboundPort} is used`,
  );
  return defaults.inboundPort;
}

function readPodIps(status: ManifestNode): readonly string[] {
  const listed = status
    .field('podIPs')
    .items({ max: 16 })
    .map((item) => item.object({ isRequired: true }).field('ip'));
  const nodes = listed.length > 0 ? listed : [status.field('podIP')];
  return nodes.filter((item) => !item.isAbsent && item.value !== '').map((item) => readAddress(item, 'any'));
}
