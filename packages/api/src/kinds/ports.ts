import type { ManifestNode } from '../manifest-node.ts';

export const portRange = { min: 1, max: 65_535 } as const;

export type TransportProtocol = 'TCP' | 'UDP' | 'SCTP';

const transportProtocols = ['TCP', 'UDP', 'SCTP'] as const;

export function readTransportProtocol(node: ManifestNode): TransportProtocol {
  return node.oneOf(transportProtocols, 'TCP');
}
