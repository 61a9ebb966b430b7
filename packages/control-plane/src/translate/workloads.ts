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
  const listed = ports.map((port): InboundPort => ({ ...port, mtls: byPort.get(port.port) ?? byDefault }));
  if (byPort.size === 0) return listed;
  const known = new Set(ports.map(({ port }) => port));
  for (const [port, mtls] of byPort) {
    if (!known.has(port)) listed.push({ port, protocol: 'detect', services: [], mtls });
  }
  return listed.sort((a, b) => a.port - b.port);
}
