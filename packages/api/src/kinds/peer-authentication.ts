import type { MtlsMode } from '@tulle/model';
import type { ManifestNode } from '../manifest-node.ts';
import { readMtlsMode } from './mtls-mode.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { type PodSelector, readPodSelector } from './pod-selector.ts';
import { portRange } from './ports.ts';

/** What workloads take: mutual TLS, plain or both. The shape and the meaning are those of Istio's. */
export interface PeerAuthentication {
  readonly kind: 'PeerAuthentication';
  readonly metadata: ObjectMeta;
  /** Empty: for the whole namespace, or in the mesh's own for the whole mesh. */
  readonly selector: PodSelector;
  /** Null: as the wider policy says. */
  readonly mode: MtlsMode | null;
  /** By the pod's port; null: as `mode` says. */
  readonly portModes: ReadonlyMap<number, MtlsMode | null>;
}

/** What the schema says in the same words. */
export const peerAuthenticationRules = {
  maxPorts: 64,
  portKey: 'a port of the pod from 1 to 65535',
  portsNeedSelector: 'needs a selector: a policy for a whole namespace or mesh has one mode for every port',
} as const;

export function readPeerAuthentication(node: ManifestNode): PeerAuthentication {
  const metadata = readMeta(node);
  const spec = node.field('spec').object();
  const selector = readPodSelector(spec.field('selector'));
  const mode = readMtlsMode(spec.field('mtls'));
  const ports = spec.field('portLevelMtls').object();
  const portModes = readPortModes(ports);
  if (!ports.isAbsent && selector.size === 0) {
    ports.violate(peerAuthenticationRules.portsNeedSelector);
  }
  spec.warnOfUnknownFields();
  return { kind: 'PeerAuthentication', metadata, selector, mode, portModes };
}

function readPortModes(node: ManifestNode): ReadonlyMap<number, MtlsMode | null> {
  const modes = new Map<number, MtlsMode | null>();
  for (const [key, value] of node.entries({ max: peerAuthenticationRules.maxPorts })) {
    const port = /^[1-9]\d{0,4}$/.test(key) ? Number(key) : 0;
    if (port < portRange.min || port > portRange.max) {
      value.violate(
        `must have as its key ${peerAuthenticationRules.portKey}, not ${JSON.stringify(key.slice(0, 40))}`,
      );
    }
    modes.set(port, readMtlsMode(value.object({ isRequired: true })));
  }
  return modes;
}
