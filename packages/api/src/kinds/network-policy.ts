import type { ManifestNode, TextRule } from '../manifest-node.ts';
import { atMost } from '../text-rules.ts';
import { canonicalAddress } from './addresses.ts';
import { type LabelSelector, readLabelSelector } from './label-selector.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { portRange, readTransportProtocol, type TransportProtocol } from './ports.ts';

/** Kubernetes' own: what it does not allow to the pods that it selects is refused (networking.k8s.io/v1). */
export interface NetworkPolicy {
  readonly kind: 'NetworkPolicy';
  readonly metadata: ObjectMeta;
  /** Without requirements: every pod of its namespace. */
  readonly podSelector: LabelSelector;
  /** The rules of one direction; null: it says nothing of that direction. An empty list allows nothing. */
  readonly ingress: readonly NetworkPolicyRule[] | null;
  readonly egress: readonly NetworkPolicyRule[] | null;
}

export interface NetworkPolicyRule {
  /** Null: everybody. */
  readonly peers: readonly NetworkPolicyPeer[] | null;
  /** Null: every port. */
  readonly ports: readonly NetworkPolicyPort[] | null;
}

export type NetworkPolicyPeer =
  | { readonly kind: 'block'; readonly cidr: string; readonly except: readonly string[] }
  /** Both must hold. A null namespace selector means the policy's own namespace, a null pod selector every pod. */
  | {
      readonly kind: 'pods';
      readonly podSelector: LabelSelector | null;
      readonly namespaceSelector: LabelSelector | null;
    };

export interface NetworkPolicyPort {
  readonly protocol: TransportProtocol;
  /** A number, the name of a container's port, or null: every port of the protocol. */
  readonly port: number | string | null;
  /** With a number: the last one of the range. */
  readonly endPort: number | null;
}

const maxRules = 1_000;
const maxPeers = 1_000;
const maxPorts = 1_000;
const maxExcepts = 1_000;

const cidr: TextRule = {
  is: 'a block of addresses such as 10.0.0.0/8 or fd00::/8',
  test: (text) => {
    const [address = '', length = '', ...more] = text.split('/');
    const known = canonicalAddress(address);
    const isLength = /^\d{1,3}$/.test(length) && Number(length) <= (known?.family === 'IPv4' ? 32 : 128);
    return known !== null && isLength && more.length === 0;
  },
};

export function readNetworkPolicy(node: ManifestNode): NetworkPolicy {
  const metadata = readMeta(node);
  const spec = node.field('spec').object();
  const egress = spec.field('egress');
  const types = spec
    .field('policyTypes')
    .items({ max: 2 })
    .map((item) => item.oneOf(['Ingress', 'Egress'], 'Ingress'));
  // Where it lists no types: Ingress always, Egress with the section (NetworkPolicySpec.policyTypes).
  const isIngress = types.length === 0 || types.includes('Ingress');
  const isEgress = types.length === 0 ? !egress.isAbsent : types.includes('Egress');
  const ingressRules = readRules(spec.field('ingress'), 'from');
  const egressRules = readRules(egress, 'to');
  return {
    kind: 'NetworkPolicy',
    metadata,
    podSelector: readLabelSelector(spec.field('podSelector')),
    ingress: isIngress ? ingressRules : null,
    egress: isEgress ? egressRules : null,
  };
}

function readRules(node: ManifestNode, peersField: 'from' | 'to'): readonly NetworkPolicyRule[] {
  return node.items({ max: maxRules }).map((item) => {
    const peers = item.object({ isRequired: true }).field(peersField).items({ max: maxPeers });
    const ports = item.field('ports').items({ max: maxPorts });
    return {
      peers: peers.length === 0 ? null : peers.map(readPeer),
      ports: ports.length === 0 ? null : ports.map(readPort),
    };
  });
}

function readPeer(node: ManifestNode): NetworkPolicyPeer {
  const block = node.object({ isRequired: true }).field('ipBlock').object();
  const selector = (field: ManifestNode) => (field.isAbsent ? null : readLabelSelector(field));
  const podSelector = selector(node.field('podSelector'));
  const namespaceSelector = selector(node.field('namespaceSelector'));
  const hasSelector = podSelector !== null || namespaceSelector !== null;
  if (block.isAbsent) {
    if (!hasSelector) node.violate('must have an ipBlock, a podSelector or a namespaceSelector');
    return { kind: 'pods', podSelector, namespaceSelector };
  }
  if (hasSelector) block.violate('must not stand beside a selector');
  return {
    kind: 'block',
    cidr: block.field('cidr').text(cidr),
    except: block
      .field('except')
      .items({ max: maxExcepts })
      .map((item) => item.text(cidr)),
  };
}

function readPort(node: ManifestNode): NetworkPolicyPort {
  const port = node.object({ isRequired: true }).field('port');
  const endPort = node.field('endPort').optionalInteger(portRange);
  const isName = typeof port.value === 'string';
  if (endPort !== null && (isName || port.isAbsent)) node.field('endPort').violate('needs a port by number');
  return {
    protocol: readTransportProtocol(node.field('protocol')),
    port: isName ? port.optionalText(atMost(63)) : port.optionalInteger(portRange),
    endPort,
  };
}
