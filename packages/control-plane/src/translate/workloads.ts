import type { MeshConfig } from '@tulle/api';
import type { InboundPort, Workload } from '@tulle/model';
import type { MeshPod } from './mesh-pods.ts';

/** What each meshed pod's own sidecar has to know of it. A pod without an address has no running sidecar yet. */
export function translateWorkloads(
  pods: Iterable<MeshPod>,
  config: MeshConfig | undefined,
): readonly Workload[] {
  const outbound = { unknownDestinations: config?.unknownDestinations ?? 'allow' };
  return [...pods].flatMap((meshPod) => {
    const { pod, identity, addresses, mtls } = meshPod;
    if (identity === null || addresses.length === 0) return [];
    const { namespace, name } = pod.metadata;
    return [
      {
        namespace,
        name,
        identity,
        owner: pod.owner,
        addresses,
        ports: inboundPorts(meshPod),
        defaultMtls: mtls.byDefault,
        outbound,
      },
    ];
  });
}

/** Those that a service leads to, and those that a policy names. */
function inboundPorts({ ports, mtls: { byDefault, byPort } }: MeshPod): readonly InboundPort[] {
  const listed = new Map<number, InboundPort>();
  for (const port of ports) listed.set(port.port, { ...port, mtls: byPort.get(port.port) ?? byDefault });
  for (const [port, mtls] of byPort) {
    if (!listed.has(port)) listed.set(port, { port, protocol: 'detect', services: [], mtls });
  }
  return [...listed.values()].sort((a, b) => a.port - b.port);
}
