import { type Endpoint, formatSpiffeId } from '@tulle/model';
import type { UpstreamEndpoint } from './mesh-view.ts';

type Announced = Omit<Endpoint, 'zone'>;

/**
 * The new list, with the objects of the old one wherever an endpoint stayed the same, since balancer and
 * pools keep their state by object. Nothing changed: the same list.
 */
export function mergeEndpoints(
  before: readonly UpstreamEndpoint[],
  announced: readonly Announced[],
  ownAddresses: ReadonlySet<string>,
): readonly UpstreamEndpoint[] {
  const old = new Map(before.map((endpoint) => [sameness(endpoint), endpoint]));
  const next = new Map<string, UpstreamEndpoint>();
  for (const endpoint of announced) {
    const upstream = upstreamOf(endpoint, ownAddresses);
    const key = sameness(upstream);
    next.set(key, old.get(key) ?? upstream);
  }
  const list = [...next.values()];
  const isUnchanged = list.length === before.length && list.every((item, index) => item === before[index]);
  return isUnchanged ? before : list;
}

function upstreamOf(
  { address, port, transport, workload, owner }: Announced,
  ownAddresses: ReadonlySet<string>,
): UpstreamEndpoint {
  const key = `${address}:${port}`;
  const plain = { key, address, port, workload, owner, mesh: null };
  if (transport.kind === 'plain') return plain;
  // A pod that calls itself: what its sidecar sends is not captured, and meets the application itself.
  if (transport.meshPort === null && ownAddresses.has(address)) return plain;
  const spiffeId = formatSpiffeId(transport.identity);
  return { ...plain, mesh: { spiffeId, port: transport.meshPort ?? port } };
}

/** Address, transport and pod: a new pod at an old address is another endpoint. */
function sameness({ key, mesh, workload, owner }: UpstreamEndpoint): string {
  const pod = `${key} ${workload} ${owner}`;
  return mesh === null ? pod : `${pod} ${mesh.spiffeId} ${mesh.port}`;
}
