import type { EndpointSlice } from '@tulle/api';
import { formatName } from '@tulle/model';

/** Another replica of the control plane, and where its admin pages are. */
export interface Replica {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const serviceName = 'tulle-control-plane';
const adminPortName = 'http-admin';

/** An install has two; beyond this something is wrong, and nobody is asked twenty times a second. */
const maxReplicas = 16;

/** `<namespace>/<name>` of the Service that has all replicas behind it. */
export function replicasService(meshNamespace: string): string {
  return formatName({ namespace: meshNamespace, name: serviceName });
}

/** Those that are not ready too: proxies may be connected to them still. */
export function replicasOf(slices: Iterable<EndpointSlice>): readonly Replica[] {
  const replicas = new Map<string, Replica>();
  for (const slice of slices) {
    const port = slice.ports.find(({ name }) => name === adminPortName)?.port ?? null;
    if (port === null) continue;
    for (const { address, pod } of slice.endpoints) {
      const name = pod === null ? address : pod.slice(pod.indexOf('/') + 1);
      const host = slice.addressType === 'IPv6' ? `[${address}]` : address;
      if (!replicas.has(name)) replicas.set(name, { name, host, port });
    }
  }
  return [...replicas.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, maxReplicas);
}
