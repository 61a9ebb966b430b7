import { isIPv6 } from 'node:net';

/** A mesh of captured pods as Kubernetes resources, for the control plane's directory. */

export const namespace = 'shop';

export interface MeshPod {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Whether it has a sidecar, with capture. */
  readonly isMeshed: boolean;
}

/** Of one family, as most services of Kubernetes are. */
export interface MeshService {
  readonly name: string;
  readonly virtualIp: string;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort: number;
    readonly appProtocol?: string;
  }[];
  readonly pods: readonly MeshPod[];
}

export type MtlsMode = 'STRICT' | 'PERMISSIVE' | 'DISABLE';

/** The files by name. */
export function meshResources(
  pods: readonly MeshPod[],
  services: readonly MeshService[],
): Readonly<Record<string, string>> {
  return {
    'namespace.json': json([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]),
    'pods.json': json(pods.map(podResource)),
    'services.json': json(services.map(serviceResource)),
    'endpoints.json': json(services.map(sliceResource)),
  };
}

/** For the whole namespace. */
export function peerAuthentication(mode: MtlsMode): string {
  const metadata = { name: 'default', namespace };
  return json([
    { apiVersion: 'tulle.dev/v1alpha1', kind: 'PeerAuthentication', metadata, spec: { mtls: { mode } } },
  ]);
}

/** What becomes of connections to addresses that the mesh does not know. */
export function meshConfig(unknownDestinations: 'Allow' | 'Refuse'): string {
  const spec = { outbound: { unknownDestinations } };
  return json([
    { apiVersion: 'tulle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'default' }, spec },
  ]);
}

function podResource({ name, ipv4, ipv6, isMeshed }: MeshPod) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { 'tulle.dev/inject': isMeshed ? 'enabled' : 'disabled' },
      annotations: isMeshed ? { 'config.tulle.dev/capture': 'enabled' } : {},
    },
    spec: { serviceAccountName: name },
    status: { podIP: ipv4, podIPs: [{ ip: ipv4 }, { ip: ipv6 }] },
  };
}

function serviceResource({ name, virtualIp, ports }: MeshService) {
  const metadata = { name, namespace };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: virtualIp, ports } };
}

function sliceResource(service: MeshService) {
  const { name, ports, pods } = service;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: isIPv6(service.virtualIp) ? 'IPv6' : 'IPv4',
    ports: ports.map(({ targetPort, port: _, ...rest }) => ({ ...rest, port: targetPort, protocol: 'TCP' })),
    endpoints: pods.map((pod) => ({
      addresses: [endpointAddress(service, pod)],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace, name: pod.name },
    })),
  };
}

export function endpointAddress({ virtualIp }: MeshService, pod: MeshPod): string {
  return isIPv6(virtualIp) ? pod.ipv6 : pod.ipv4;
}

function json(items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 1);
}
