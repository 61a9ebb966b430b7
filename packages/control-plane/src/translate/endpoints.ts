import type { Endpoint, EndpointSet, EndpointTransport } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { identityOf, isMeshed } from './membership.ts';
import { compareText } from './order.ts';
import type { JoinedPort } from './slice-join.ts';
import type { TranslateOptions } from './translate.ts';

/** The usable endpoints of every service port, an empty set where there is none. */
export function translateEndpoints(
  resources: ResourceSet,
  joined: readonly JoinedPort[],
  options: TranslateOptions,
): readonly EndpointSet[] {
  const transports = transportsByPod(resources, options);
  return joined.map(({ servicePort, targets }) => {
    const candidates = new Map<string, Candidate>();
    for (const target of targets) addCandidate(candidates, target, transports);
    return { ...servicePort, endpoints: usable([...candidates.values()]) };
  });
}

type Transports = ReadonlyMap<string, EndpointTransport>;

/** Meshed pods by name. A pod that is unknown or outside the mesh is spoken to in plain. */
function transportsByPod(resources: ResourceSet, { trustDomain }: TranslateOptions): Transports {
  const transports = new Map<string, EndpointTransport>();
  for (const [key, pod] of resources.Pod) {
    if (!isMeshed(pod, resources)) continue;
    const identity = identityOf(pod, trustDomain);
    transports.set(key, { kind: 'mtls', identity, meshPort: pod.inboundPort });
  }
  return transports;
}

/** An endpoint at one address and port, as all the slices that list it show it. */
interface Candidate {
  readonly endpoint: Endpoint;
  isReady: boolean;
  isDraining: boolean;
}

/** The same address may stand in two slices while endpoints move between them: usable in one is usable. */
function addCandidate(
  candidates: Map<string, Candidate>,
  { endpoint, port }: JoinedPort['targets'][number],
  transports: Transports,
): void {
  const { address, isReady, isServing, isTerminating, pod, zone } = endpoint;
  if (isTerminating && !isServing) return;
  const key = `${address} ${port}`;
  let candidate = candidates.get(key);
  if (candidate === undefined) {
    const transport = (pod === null ? undefined : transports.get(pod)) ?? { kind: 'plain' };
    const seen: Endpoint = { address, port, transport, workload: pod ?? '', zone: zone ?? '' };
    candidate = { endpoint: seen, isReady: false, isDraining: false };
    candidates.set(key, candidate);
  }
  candidate.isReady ||= isReady;
  candidate.isDraining ||= isServing && isTerminating;
}

/** Those that are ready; only where none is, those that terminate and still serve (KEP-1669). */
function usable(candidates: readonly Candidate[]): readonly Endpoint[] {
  const ready = candidates.filter(({ isReady }) => isReady);
  const chosen = ready.length > 0 ? ready : candidates.filter(({ isDraining }) => isDraining);
  return chosen
    .map(({ endpoint }) => endpoint)
    .sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
}
