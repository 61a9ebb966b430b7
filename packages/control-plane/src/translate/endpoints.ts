import type { Endpoint, EndpointSet, EndpointTransport } from '@tulle/model';
import { type MeshPod, transportTo } from './mesh-pods.ts';
import { compareText } from './order.ts';
import type { JoinedPort } from './slice-join.ts';

const plain: EndpointTransport = { kind: 'plain' };

type MeshPods = ReadonlyMap<string, MeshPod>;

/** The usable endpoints of every service port, an empty set where there is none. */
export function translateEndpoints(joined: readonly JoinedPort[], pods: MeshPods): readonly EndpointSet[] {
  return joined.map(({ servicePort, protocol, targets }) => {
    const candidates = new Map<string, Candidate>();
    for (const target of targets) addCandidate(candidates, target, pods);
    return { ...servicePort, protocol, endpoints: oneAddressAPod(usable([...candidates.values()]), pods) };
  });
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
  pods: MeshPods,
): void {
  const { address, isReady, isServing, isTerminating, pod, zone } = endpoint;
  const meshPod = pod === null ? undefined : pods.get(pod);
  // The address of a finished pod may be another pod's by now.
  if (meshPod?.pod.isFinished || (isTerminating && !isServing)) return;
  const transport = meshPod === undefined ? plain : transportTo(meshPod, port);
  const key = `${address} ${port}`;
  const owner = meshPod?.pod.owner ?? '';
  const seen: Endpoint = { address, port, transport, workload: pod ?? '', owner, zone: zone ?? '' };
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

/**
 * Of a pod that slices of both families list, its primary address: each pod is one endpoint, and an application
 * is sure to listen there, while many do on no other.
 */
function oneAddressAPod(endpoints: readonly Endpoint[], pods: MeshPods): readonly Endpoint[] {
  const primary = (endpoint: Endpoint) => pods.get(endpoint.workload)?.addresses[0] === endpoint.address;
  const keyOf = ({ workload, port }: Endpoint) => `${workload} ${port}`;
  const atPrimary = new Set(endpoints.filter(primary).map(keyOf));
  return endpoints.filter((endpoint) => primary(endpoint) || !atPrimary.has(keyOf(endpoint)));
}
