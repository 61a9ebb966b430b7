import { type AppProtocol, formatServicePort } from '@tulle/model';
import { compareText } from './order.ts';
import type { JoinedPort } from './slice-join.ts';

/** A port of a pod that some service leads to. */
export interface PodPort {
  readonly port: number;
  readonly protocol: AppProtocol;
  readonly services: readonly string[];
}

/** What the slices say of a pod. */
export interface PodTargets {
  /** For a manifest written by hand without a status. */
  readonly address: string;
  /** In the order of their numbers. */
  readonly ports: readonly PodPort[];
}

interface Gathered {
  readonly address: string;
  readonly ports: GatheredPort[];
}

/** Plain lists: nearly every pod has a port or two, each of one service. */
interface GatheredPort {
  readonly port: number;
  readonly protocols: AppProtocol[];
  readonly services: string[];
}

/**
 * By `<namespace>/<pod>` the ports that some service leads to. Readiness does not count: a pod that drains, or
 * that a peer still holds for ready, must take what is sent to it.
 */
export function podTargets(joined: readonly JoinedPort[]): ReadonlyMap<string, PodTargets> {
  const byPod = new Map<string, Gathered>();
  for (const { servicePort, protocol, targets } of joined) {
    const service = formatServicePort(servicePort);
    for (const { endpoint, port } of targets) {
      if (endpoint.pod === null) continue;
      const own = byPod.get(endpoint.pod) ?? { address: endpoint.address, ports: [] };
      if (own.ports.length === 0) byPod.set(endpoint.pod, own);
      const known = own.ports.find((candidate) => candidate.port === port);
      if (known === undefined) own.ports.push({ port, protocols: [protocol], services: [service] });
      // A service's targets come together: the same one twice is two slices of it.
      else if (known.services.at(-1) !== service) {
        known.protocols.push(protocol);
        known.services.push(service);
      }
    }
  }
  return new Map([...byPod].map(([pod, gathered]) => [pod, settle(gathered)]));
}

function settle({ address, ports: gathered }: Gathered): PodTargets {
  const ports = gathered
    .map(({ port, protocols, services }) => ({
      port,
      protocol: agreedProtocol(protocols),
      services: services.sort(compareText),
    }))
    .sort((a, b) => a.port - b.port);
  return { address, ports };
}

/** Of services that share a port, those that declare nothing agree with any; where two differ, the bytes decide. */
function agreedProtocol(protocols: readonly AppProtocol[]): AppProtocol {
  const declared = protocols.find((protocol) => protocol !== 'detect') ?? 'detect';
  const agrees = protocols.every((protocol) => protocol === 'detect' || protocol === declared);
  return agrees ? declared : 'detect';
}
