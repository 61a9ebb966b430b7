import type { MeshConfig } from '@tulle/api';
import type { InboundPort, SpiffeId, Workload } from '@tulle/model';
import type { MeshPod } from './mesh-pods.ts';

/** What each meshed pod's own sidecar has to know of it. A pod without an address has no running sidecar yet. */
export class WorkloadStage {
  #translated = new WeakMap<MeshPod, Workload>();
  #pods: readonly MeshPod[] | null = null;
  #config: MeshConfig | undefined;
  #outbound: Workload['outbound'] = { unknownDestinations: 'allow' };
  #workloads: readonly Workload[] = [];

  update(pods: readonly MeshPod[], config: MeshConfig | undefined): readonly Workload[] {
    if (pods === this.#pods && config === this.#config) return this.#workloads;
    if (config !== this.#config) {
      this.#translated = new WeakMap();
      this.#outbound = { unknownDestinations: config?.unknownDestinations ?? 'allow' };
    }
    this.#pods = pods;
    this.#config = config;
    const workloads: Workload[] = [];
    for (const meshPod of pods) {
      const { identity, addresses } = meshPod;
      if (identity === null || addresses.length === 0) continue;
      const known = this.#translated.get(meshPod) ?? translateWorkload(meshPod, identity, this.#outbound);
      this.#translated.set(meshPod, known);
      workloads.push(known);
    }
    this.#workloads = workloads;
    return workloads;
  }
}

function translateWorkload(meshPod: MeshPod, identity: SpiffeId, outbound: Workload['outbound']): Workload {
  const { pod, addresses, mtls } = meshPod;
  const { namespace, name } = pod.metadata;
  return {
    namespace,
    name,
    identity,
    owner: pod.owner,
    addresses,
    ports: inboundPorts(meshPod),
    defaultMtls: mtls.byDefault,
    outbound,
  };
}

/** Those that a service leads to, and those that a policy names. */
function inboundPorts({ ports, mtls: { byDefault, byPort } }: MeshPod): readonly InboundPort[] {
  const listed = ports.map((port): InboundPort => ({ ...port, mtls: byPort.get(port.port) ?? byDefault }));
  if (byPort.size === 0) return listed;
  const known = new Set(ports.map(({ port }) => port));
  for (const [port, mtls] of byPort) {
    if (!known.has(port)) listed.push({ port, protocol: 'detect', services: [], mtls });
  }
  return listed.sort((a, b) => a.port - b.port);
}
