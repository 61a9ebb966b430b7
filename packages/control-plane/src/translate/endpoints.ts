import type { Endpoint, EndpointSet, EndpointTransport } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { identityOf, isMeshed } from './membership.ts';
import { compareText } from './order.ts';
import type { JoinedPort } from './slice-join.ts';
import type { TranslateOptions } from './translate-options.ts';

/** The usable endpoints of every service port, an empty set where there is none. */
export function translateEndpoints(
  resources: ResourceSet,
  joined: readonly JoinedPort[],
  options: TranslateOptions,
): readonly EndpointSet[] {
  const transports = transportsByPod(resources, options);
  return joined.map(({ servicePort, protocol, targets }) => {
    const candidates = new Map<string, Candidate>();
    for (const target of targets) addCandidate(candidates, target, transports);
    return { ...servicePort, protocol, endpoints: usable([...candidates.values()]) };
  });
}

type Transports = ReadonlyMap<string, EndpointTransport | null>;

/** A pod that is unknown or outside the mesh is spoken to in plain; one that has finished, not at all. */
function transportsByPod(resources: ResourceSet, { trustDomain }: TranslateOptions): Transports {
  const transports = new Map<string, EndpointTransport | null>();
  for (const [key, pod] of resources.Pod) {
    // Its address may be another pod's by now.
    if (pod.isFinished) transports.set(key, null);
    if (!isMeshed(pod, resources)) continue;
    const identity = identityOf(pod, trustDomain);
    transports.set(key, { kind: 'mtls', identity, meshPort: pod.inboundPort });
  }
  return transports;
}

/** An endpoint at one address and port, as all the slices that list it show it. */
interface Candidate {
  endpoint: Endpoint;
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
  const isFinished = pod !== null && transports.get(pod) === null;
  if (isFinished || (isTerminating && !isServing)) return;
  const transport = (pod === null ? undefined : transports.get(pod)) ?? { kind: 'plain' };
  const key = `${address} ${port}`;
  const seen: Endpoint = { address, port, transport, workload: pod ?? '', zone: zone ?? '' };
  const candidate = candidates.get(key) ?? { endpoint: seen, isReady: false, isDraining: false };
  candidates.set(key, candidate);
  // A slice that does not name the pod must not have it spoken to in plain.
  if (candidate.endpoint.workload === '' && pod !== null) candidate.endpoint = seen;
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
