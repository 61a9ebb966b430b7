import type { EndpointSlice, KubernetesObject, KubernetesService, Namespace, Node, Pod } from '@tulle/api';
import { parseManifest } from '@tulle/api';
import { resourceSetOf } from '../../packages/control-plane/src/sources/resource-set.ts';

export interface MeshSize {
  readonly services: number;
  readonly podsEach: number;
}

/** A mesh as a cluster has it: parsed objects of ordinary manifests, twenty namespaces. */
export function meshOfSize({ services, podsEach }: MeshSize) {
  const objects: KubernetesObject[] = [node(0), node(1)];
  for (let i = 0; i < 20; i++) objects.push(namespace(i));
  for (let i = 0; i < services; i++) {
    objects.push(service(i));
    const pods = Array.from({ length: podsEach }, (_, index) => pod(i, index));
    objects.push(...pods, slice(i, pods));
    if (i % 10 === 0) objects.push(route(i, services));
  }
  return resourceSetOf(objects);
}

export function parsed<T extends KubernetesObject>(manifest: object): T {
  const result = parseManifest(manifest);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.value as T;
}

const namespaceOf = (i: number) => `team-${i % 20}`;

function namespace(i: number): Namespace {
  const metadata = { name: `team-${i}`, labels: { 'tulle.dev/inject': 'enabled' } };
  return parsed({ apiVersion: 'v1', kind: 'Namespace', metadata });
}

function node(i: number): Node {
  const metadata = { name: `node-${i}`, labels: { 'topology.kubernetes.io/zone': `zone-${i}` } };
  return parsed({ apiVersion: 'v1', kind: 'Node', metadata });
}

function service(i: number): KubernetesService {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'grpc', port: 9000, appProtocol: 'grpc' },
  ];
  const spec = { clusterIP: `10.96.${i >> 8}.${i & 255}`, ports };
  return parsed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `svc-${i}`, namespace: namespaceOf(i) },
    spec,
  });
}

function route(i: number, services: number) {
  const backendRefs = [
    { name: `svc-${i}`, port: 80, weight: 90 },
    { name: `svc-${(i + 20) % services}`, port: 80, weight: 10 },
  ];
  return parsed({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `route-${i}`, namespace: namespaceOf(i) },
    spec: { parentRefs: [{ group: '', kind: 'Service', name: `svc-${i}` }], rules: [{ backendRefs }] },
  });
}

export function podManifest(i: number, index: number) {
  const number = i * 10 + index;
  const name = `svc-${i}-7d4b9c6f5-${String(index).padStart(5, 'x')}`;
  const labels = { app: `svc-${i}`, 'pod-template-hash': '7d4b9c6f5', version: 'v1' };
  const owner = { kind: 'ReplicaSet', name: `svc-${i}-7d4b9c6f5`, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: namespaceOf(i), labels, ownerReferences: [owner] },
    spec: {
      serviceAccountName: `svc-${i}`,
      nodeName: `node-${number & 1}`,
      containers: [{ name: 'app' }, { name: 'tulle-sidecar' }],
    },
    status: {
      phase: 'Running',
      podIPs: [{ ip: `10.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}` }],
    },
  };
}

function pod(i: number, index: number): Pod {
  return parsed(podManifest(i, index));
}

function slice(i: number, pods: readonly Pod[]): EndpointSlice {
  return parsed(sliceManifest(i, pods, new Set()));
}

export function sliceManifest(i: number, pods: readonly Pod[], unready: ReadonlySet<number>) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `svc-${i}-abcde`,
      namespace: namespaceOf(i),
      labels: { 'kubernetes.io/service-name': `svc-${i}` },
    },
    addressType: 'IPv4',
    ports: [
      { name: 'http', port: 8080 },
      { name: 'grpc', port: 9000 },
    ],
    endpoints: pods.map(({ metadata, podIps, nodeName }, index) => ({
      addresses: [podIps[0]],
      conditions: { ready: !unready.has(index) },
      nodeName,
      zone: 'zone-0',
      targetRef: { kind: 'Pod', namespace: metadata.namespace, name: metadata.name },
    })),
  };
}
