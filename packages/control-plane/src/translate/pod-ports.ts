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
  readonly byPort: Map<number, { readonly protocols: Set<AppProtocol>; readonly services: Set<string> }>;
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
      const own = byPod.get(endpoint.pod) ?? { address: endpoint.address, byPort: new Map() };
      byPod.set(endpoint.pod, own);
      const known = own.byPort.get(port) ?? { protocols: new Set(), services: new Set() };
      own.byPort.set(port, known);
      known.protocols.add(protocol);
      known.services.add(service);
    }
  }
  return new Map([...byPod].map(([pod, gathered]) => [pod, settle(gathered)]));
}

function settle({ address, byPort }: Gathered): PodTargets {
  const ports = [...byPort]
    .map(([port, { protocols, services }]) => ({
      port,
      protocol: agreedProtocol(protocols),
      services: [...services].sort(compareText),
    }))
    .sort((a, b) => a.port - b.port);
  return { address, ports };
}

/** Of services that share a port, those that declare nothing agree with any; where two differ, the bytes decide. */
function agreedProtocol(protocols: ReadonlySet<AppProtocol>): AppProtocol {
  const [first = 'detect', ...others] = [...protocols].filter((protocol) => protocol !== 'detect');
  return others.length === 0 ? first : 'detect';
}
