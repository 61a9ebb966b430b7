import type { Peer, PeerPort } from '@tulle/model';
import { isSameList } from './changes.ts';
import { type MeshPod, type MeshPodsUpdate, transportTo } from './mesh-pods.ts';
import { compareAge, createdMsOf } from './order.ts';

/**
 * The pods as those see them who address them by their IP, in the mesh or not. Without one of their own: pods
 * without an address, finished ones, and those that have their node's.
 */
export class PeerStage {
  readonly #owners = new AddressOwners();
  readonly #translated = new Map<string, Peer>();
  #peers: readonly Peer[] = [];

  update({ list, byKey, changed }: MeshPodsUpdate): readonly Peer[] {
    if (changed.size === 0) return this.#peers;
    const due = new Set<string>();
    for (const key of changed) {
      this.#translated.delete(key);
      for (const neighbour of this.#owners.replace(key, candidate(byKey.get(key)))) due.add(neighbour);
    }
    for (const key of due) this.#translate(key);
    const peers: Peer[] = [];
    for (const { key } of list) {
      const peer = this.#translated.get(key);
      if (peer !== undefined) peers.push(peer);
    }
    this.#peers = peers;
    return peers;
  }

  #translate(key: string): void {
    const meshPod = this.#owners.pod(key);
    if (meshPod === undefined) return;
    const addresses = meshPod.addresses.filter((address) => this.#owners.of(address) === meshPod);
    const known = this.#translated.get(key);
    if (known !== undefined && isSameList(known.addresses, addresses)) return;
    if (addresses.length === 0) this.#translated.delete(key);
    else {
      const { owner, metadata } = meshPod.pod;
      const { namespace, name } = metadata;
      const transport = transportTo(meshPod, null);
      const ports = peerPorts(meshPod);
      this.#translated.set(key, { namespace, name, owner, addresses, transport, ports });
    }
  }
}

function candidate(meshPod: MeshPod | undefined): MeshPod | null {
  const isOne =
    meshPod !== undefined &&
    meshPod.addresses.length > 0 &&
    !meshPod.pod.isFinished &&
    !meshPod.pod.isHostNetwork;
  return isOne ? meshPod : null;
}

const nobody: readonly MeshPod[] = [];

/** An address is given anew while the pod that had it is still listed: it is the younger one's. */
class AddressOwners {
  readonly #pods = new Map<string, MeshPod>();
  /** Nearly always one. */
  readonly #claims = new Map<string, readonly MeshPod[]>();

  of(address: string): MeshPod | undefined {
    return this.#claims.get(address)?.reduce((a, b) => (isYounger(b, a) ? b : a));
  }

  pod(key: string): MeshPod | undefined {
    return this.#pods.get(key);
  }

  /** Gives the keys of the pods, this one among them, of which an address may have become another's or their own. */
  replace(key: string, next: MeshPod | null): ReadonlySet<string> {
    const before = this.#pods.get(key);
    const addresses = new Set([...(before?.addresses ?? []), ...(next?.addresses ?? [])]);
    if (next === null) this.#pods.delete(key);
    else this.#pods.set(key, next);
    const concerned = new Set<string>();
    for (const address of addresses) {
      const claims = (this.#claims.get(address) ?? nobody).filter((claim) => claim !== before);
      if (next?.addresses.includes(address)) claims.push(next);
      if (claims.length === 0) this.#claims.delete(address);
      else this.#claims.set(address, claims);
      for (const claim of claims) concerned.add(claim.key);
    }
    return concerned;
  }
}

/** Of two of one age the one that comes first by name keeps it. */
function isYounger(a: MeshPod, b: MeshPod): boolean {
  const age = compareAge(createdMsOf(a.pod), createdMsOf(b.pod));
  return age === 0 ? a.key < b.key : age > 0;
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
