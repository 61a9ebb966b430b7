import type { Endpoint, EndpointSet, EndpointTransport } from '@tulle/model';
import { isSameContent } from '../same-content.ts';
import type { ResourceSet } from '../sources/resource-set.ts';
import { type MeshPod, type MeshPodsUpdate, transportTo } from './mesh-pods.ts';
import { compareText } from './order.ts';
import type { PodPortIndex } from './pod-ports.ts';
import type { JoinedPort, JoinUpdate } from './slice-join.ts';

const plain: EndpointTransport = { kind: 'plain' };

type MeshPods = ReadonlyMap<string, MeshPod>;

interface EndpointInputs {
  readonly join: JoinUpdate;
  readonly ports: PodPortIndex;
  readonly pods: MeshPodsUpdate;
  readonly nodes: ResourceSet['Node'];
}

/** The usable endpoints of every service port, an empty set where there is none. */
export class EndpointStage {
  readonly #sets = new Map<JoinedPort, EndpointSet>();
  #zones: Zones = new Map();
  #list: readonly EndpointSet[] = [];

  update({ join, ports, pods, nodes }: EndpointInputs): readonly EndpointSet[] {
    const due = new Set<JoinedPort>(join.added);
    for (const key of pods.changed) for (const joined of ports.joinedPortsOf(key)) due.add(joined);
    if (this.#takeZones(nodes)) for (const joined of join.ports) if (lacksZones(joined)) due.add(joined);
    for (const joined of join.removed) this.#sets.delete(joined);
    for (const joined of due) this.#sets.set(joined, endpointSet(joined, pods.byKey, this.#zones));
    if (due.size + join.removed.length > 0) this.#list = join.ports.map((joined) => this.#sets.get(joined)!);
    return this.#list;
  }

  #takeZones(nodes: ResourceSet['Node']): boolean {
    const zones = new Map<string, string>();
    for (const [name, { zone }] of nodes) if (zone !== null) zones.set(name, zone);
    if (isSameContent(zones, this.#zones)) return false;
    this.#zones = zones;
    return true;
  }
}

/** By a node's name. */
type Zones = ReadonlyMap<string, string>;

/** The platform writes an endpoint's zone by itself, unless its node was labelled later. */
function lacksZones({ targets }: JoinedPort): boolean {
  return targets.some(({ endpoint }) => endpoint.zone === null && endpoint.nodeName !== null);
}

function endpointSet(
  { servicePort, protocol, targets }: JoinedPort,
  pods: MeshPods,
  zones: Zones,
): EndpointSet {
  const candidates = new Map<string, Candidate>();
  for (const target of targets) addCandidate(candidates, target, pods, zones);
  return { ...servicePort, protocol, endpoints: oneAddressAPod(usable([...candidates.values()]), pods) };
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
  zones: Zones,
): void {
  const { address, isReady, isServing, isTerminating, pod, nodeName } = endpoint;
  const meshPod = pod === null ? undefined : pods.get(pod);
  // Whether it takes mutual TLS is not known: nobody may speak to it in plain meanwhile.
  if (pod !== null && meshPod === undefined) return;
  // The address of a finished pod may be another pod's by now.
  if (meshPod?.pod.isFinished || (isTerminating && !isServing)) return;
  const transport = meshPod === undefined ? plain : transportTo(meshPod, port);
  const key = `${address} ${port}`;
  const owner = meshPod?.pod.owner ?? '';
  const zone = endpoint.zone ?? zones.get(nodeName ?? '') ?? '';
  const seen: Endpoint = { address, port, transport, workload: pod ?? '', owner, zone };
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
