import type { EndpointTransport, Peer, PeerPort } from '@tulle/model';
import type { MeshPod } from './mesh-pods.ts';
import { compareAge, createdMsOf } from './order.ts';

/**
 * The pods as those see them who address them by their IP, in the mesh or not. Without one of their own: pods
 * without an address, finished ones, and those that have their node's.
 */
export function translatePeers(pods: Iterable<MeshPod>): readonly Peer[] {
  const candidates = [...pods].filter(
    ({ pod, addresses }) => addresses.length > 0 && !pod.isFinished && !pod.isHostNetwork,
  );
  const owners = addressOwners(candidates);
  return candidates.flatMap((meshPod) => {
    const { pod, transportByDefault: transport } = meshPod;
    const addresses = meshPod.addresses.filter((address) => owners.get(address) === meshPod);
    if (addresses.length === 0) return [];
    const { namespace, name } = pod.metadata;
    return [{ namespace, name, owner: pod.owner, addresses, transport, ports: peerPorts(meshPod) }];
  });
}

/** An address is given anew while the pod that had it is still listed: it is the younger one's. */
function addressOwners(pods: readonly MeshPod[]): ReadonlyMap<string, MeshPod> {
  const owners = new Map<string, MeshPod>();
  for (const pod of pods) {
    for (const address of pod.addresses) {
      const owner = owners.get(address);
      if (owner === undefined || isYounger(pod, owner)) owners.set(address, pod);
    }
  }
  return owners;
}

function isYounger(a: MeshPod, b: MeshPod): boolean {
  return compareAge(createdMsOf(a.pod), createdMsOf(b.pod)) > 0;
}

function peerPorts(meshPod: MeshPod): readonly PeerPort[] {
  const { ports, mtls, transportByDefault } = meshPod;
  const listed = new Map<number, PeerPort>();
  for (const port of ports) listed.set(port.port, { ...port, transport: meshPod.transport(port.port) });
  for (const port of mtls.byPort.keys()) {
    const transport: EndpointTransport = meshPod.transport(port);
    if (listed.has(port) || transport === transportByDefault) continue;
    listed.set(port, { port, protocol: 'detect', services: [], transport });
  }
  return [...listed.values()].sort((a, b) => a.port - b.port);
}
