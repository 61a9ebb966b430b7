import { objectKey } from '@tulle/api';
import { formatServicePort, type InboundPort, type Workload } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { identityOf, isMeshed } from './membership.ts';
import { compareText, inKeyOrder } from './order.ts';
import type { JoinedPort } from './slice-join.ts';
import type { TranslateOptions } from './translate.ts';

/** What each meshed pod's own sidecar has to know of it. */
export function translateWorkloads(
  resources: ResourceSet,
  joined: readonly JoinedPort[],
  { trustDomain }: TranslateOptions,
): readonly Workload[] {
  const servicesByPod = servicesByPodPort(joined);
  return inKeyOrder(resources.Pod)
    .filter((pod) => isMeshed(pod, resources))
    .map((pod) => ({
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      identity: identityOf(pod, trustDomain),
      address: pod.podIps[0] ?? '',
      ports: inboundPorts(servicesByPod.get(objectKey(pod)) ?? new Map()),
    }));
}

type ServicesByPort = ReadonlyMap<number, ReadonlySet<string>>;

/**
 * The ports that some service leads to. Readiness does not count: a pod that drains, or that a peer still
 * holds for ready, must take what is sent to it.
 */
function servicesByPodPort(joined: readonly JoinedPort[]): ReadonlyMap<string, ServicesByPort> {
  const byPod = new Map<string, Map<number, Set<string>>>();
  for (const { servicePort, targets } of joined) {
    const service = formatServicePort(servicePort);
    for (const { endpoint, port } of targets) {
      if (endpoint.pod === null) continue;
      const byPort = byPod.get(endpoint.pod) ?? new Map<number, Set<string>>();
      byPod.set(endpoint.pod, byPort);
      byPort.set(port, (byPort.get(port) ?? new Set()).add(service));
    }
  }
  return byPod;
}

function inboundPorts(services: ServicesByPort): readonly InboundPort[] {
  return [...services]
    .map(([port, names]) => ({ port, services: [...names].sort(compareText) }))
    .sort((a, b) => a.port - b.port);
}
