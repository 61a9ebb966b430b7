import type { Peer, PeerPort } from '@tulle/model';
import { isSameList } from './changes.ts';
import { type MeshPod, transportTo } from './mesh-pods.ts';
import { compareAge, createdMsOf } from './order.ts';

/**
 * The pods as those see them who address them by their IP, in the mesh or not. Without one of their own: pods
 * without an address, finished ones, and those that have their node's.
 */
export class PeerStage {
  readonly #translated = new WeakMap<MeshPod, Peer>();
  #pods: readonly MeshPod[] | null = null;
  #peers: readonly Peer[] = [];

  update(pods: readonly MeshPod[]): readonly Peer[] {
    if (pods === this.#pods) return this.#peers;
    this.#pods = pods;
    const candidates = pods.filter(
      ({ pod, addresses }) => addresses.length > 0 && !pod.isFinished && !pod.isHostNetwork,
    );
    const owners = addressOwners(candidates);
    this.#peers = candidates.flatMap((meshPod) => {
      const addresses = ownAddresses(meshPod, owners);
      return addresses.length === 0 ? [] : [this.#translate(meshPod, addresses)];
    });
    return this.#peers;
  }

  #translate(meshPod: MeshPod, addresses: readonly string[]): Peer {
    const known = this.#translated.get(meshPod);
    if (known !== undefined && isSameList(known.addresses, addresses)) return known;
    const { owner, metadata } = meshPod.pod;
    const { namespace, name } = metadata;
    const transport = transportTo(meshPod, null);
    const peer = { namespace, name, owner, addresses, transport, ports: peerPorts(meshPod) };
    this.#translated.set(meshPod, peer);
    return peer;
  }
}

function ownAddresses(meshPod: MeshPod, owners: ReadonlyMap<string, MeshPod>): readonly string[] {
  const isOwn = (address: string) => owners.get(address) === meshPod;
  return meshPod.addresses.every(isOwn) ? meshPod.addresses : meshPod.addresses.filter(isOwn);
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
  const { ports, mtls } = meshPod;
  const listed = ports.map((port): PeerPort => ({ ...port, transport: transportTo(meshPod, port.port) }));
  if (mtls.byPort.size === 0) return listed;
  const known = new Set(ports.map(({ port }) => port));
  for (const port of mtls.byPort.keys()) {
    const transport = transportTo(meshPod, port);
    if (known.has(port) || transport === transportTo(meshPod, null)) continue;
    listed.push({ port, protocol: 'detect', services: [], transport });
  }
  return listed.sort((a, b) => a.port - b.port);
}
