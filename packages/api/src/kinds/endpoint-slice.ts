import { labels } from '../labels.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { dnsLabel, dnsSubdomain } from '../text-rules.ts';
import { readAddress } from './addresses.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { portRange, readTransportProtocol, type TransportProtocol } from './ports.ts';

export interface SliceEndpoint {
  /** The first of `addresses`: the others have no defined meaning (EndpointSlice API). */
  readonly address: string;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  /** `<namespace>/<pod>`, or null where no pod is behind it. */
  readonly pod: string | null;
  readonly nodeName: string | null;
  readonly zone: string | null;
  /** Whose clients it is meant for, as the platform proposes (hints); empty: anybody's. */
  readonly forZones: readonly string[];
  readonly forNodes: readonly string[];
}

export interface SlicePort {
  /** Empty for an unnamed port; it is what joins it to the service's port. */
  readonly name: string;
  /** Null means every port, which no service port can be resolved to. */
  readonly port: number | null;
  readonly protocol: TransportProtocol;
}

export interface EndpointSlice {
  readonly kind: 'EndpointSlice';
  readonly metadata: ObjectMeta;
  /** The service that it belongs to, in its own namespace; null for none. */
  readonly serviceName: string | null;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly SlicePort[];
}

/** EndpointSlice API: at most 1000 endpoints and 20,000 ports a slice; the mesh reads fewer ports. */
const maxEndpoints = 1_000;
const maxPorts = 1_000;
const maxAddresses = 100;
/** EndpointHints: at most 8 of each. */
const maxHints = 8;
const noHints: readonly string[] = [];

export function readEndpointSlice(node: ManifestNode): EndpointSlice {
  const metadata = readMeta(node);
  const addressType = node.field('addressType').oneOf(['IPv4', 'IPv6', 'FQDN'], 'IPv4');
  if (node.field('addressType').isAbsent) node.field('addressType').violate('is required');
  const endpoints = node.field('endpoints').items({ max: maxEndpoints });
  const ports = node.field('ports').items({ max: maxPorts });
  return {
    kind: 'EndpointSlice',
    metadata,
    serviceName: metadata.labels.get(labels.serviceName) ?? null,
    addressType,
    endpoints: endpoints.map((item) => readEndpoint(item, addressType, metadata.namespace)),
    ports: ports.map(readPort),
  };
}

/** Absent `ready` and `serving` mean true, absent `terminating` false (EndpointConditions). */
function readEndpoint(
  node: ManifestNode,
  addressType: EndpointSlice['addressType'],
  sliceNamespace: string,
): SliceEndpoint {
  const conditions = node.object({ isRequired: true }).field('conditions').object();
  const [first] = node.field('addresses').items({ min: 1, max: maxAddresses });
  const target = node.field('targetRef').object();
  const isPod = target.field('kind').optionalText() === 'Pod';
  const podName = isPod ? target.field('name').text(dnsSubdomain) : null;
  const hints = node.field('hints').object();
  return {
    address: first === undefined ? '' : readAddress(first, addressType),
    isReady: conditions.field('ready').optionalBoolean() ?? true,
    isServing: conditions.field('serving').optionalBoolean() ?? true,
    isTerminating: conditions.field('terminating').optionalBoolean() ?? false,
    pod:
      podName === null
        ? null
        : `${target.field('namespace').optionalText(dnsLabel) ?? sliceNamespace}/${podName}`,
    nodeName: node.field('nodeName').optionalText() || null,
    zone: node.field('zone').optionalText() || null,
    forZones: readHints(hints.field('forZones')),
    forNodes: readHints(hints.field('forNodes')),
  };
}

function readHints(node: ManifestNode): readonly string[] {
  if (node.isAbsent) return noHints;
  return node.items({ max: maxHints }).map((item) => item.object({ isRequired: true }).field('name').text());
}

function readPort(node: ManifestNode): SlicePort {
  node.object({ isRequired: true });
  return {
    name: node.field('name').optionalText() ?? '',
    port: node.field('port').optionalInteger(portRange),
    protocol: readTransportProtocol(node.field('protocol')),
  };
}
