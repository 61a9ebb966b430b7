import { objectKey } from '@tulle/api';
import { formatServicePort, type InboundPort, type Workload } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { identityOf, isMeshed } from './membership.ts';
import { compareText, inKeyOrder } from './order.ts';
import type { JoinedPort } from './slice-join.ts';
import type { TranslateOptions } from './translate-options.ts';

/** What each meshed pod's own sidecar has to know of it. A pod without an address has no running sidecar yet. */
export function translateWorkloads(
  resources: ResourceSet,
  joined: readonly JoinedPort[],
  { trustDomain }: TranslateOptions,
): readonly Workload[] {
  const targets = targetsByPod(joined);
  return inKeyOrder(resources.Pod).flatMap((pod) => {
    const own = targets.get(objectKey(pod));
    const address = pod.podIps[0] ?? own?.address ?? null;
    if (address === null || !isMeshed(pod, resources)) return [];
    const { namespace, name } = pod.metadata;
    const ports = inboundPorts(own?.services ?? new Map());
    return [{ namespace, name, identity: identityOf(pod, trustDomain), address, ports }];
  });
}

type ServicesByPort = ReadonlyMap<number, ReadonlySet<string>>;

/** What the slices say of a pod. */
interface PodTargets {
  /** For a manifest written by hand without a status. */
  readonly address: string;
  readonly services: Map<number, Set<string>>;
}

/**
 * The ports that some service leads to. Readiness does not count: a pod that drains, or that a peer still
 * holds for ready, must take what is sent to it.
 */
function targetsByPod(joined: readonly JoinedPort[]): ReadonlyMap<string, PodTargets> {
  const byPod = new Map<string, PodTargets>();
  for (const { servicePort, targets } of joined) {
    const service = formatServicePort(servicePort);
    for (const { endpoint, port } of targets) {
      if (endpoint.pod === null) continue;
      const own = byPod.get(endpoint.pod) ?? { address: endpoint.address, services: new Map() };
      byPod.set(endpoint.pod, own);
      own.services.set(port, (own.services.get(port) ?? new Set<string>()).add(service));
    }
  }
  return byPod;
}

function inboundPorts(services: ServicesByPort): readonly InboundPort[] {
  return [...services]
    .map(([port, names]) => ({ port, services: [...names].sort(compareText) }))
    .sort((a, b) => a.port - b.port);
}
