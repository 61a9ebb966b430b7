import { type KubernetesClient, type ResourceType, resourceTypes } from '@tulle/kubernetes';

export interface ClusterSize {
  readonly services: number;
  readonly podsEach: number;
}

type Item = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
};

const namespaces = 20;
const nodes = 50;
const concurrency = 24;

/** Makes what is not there yet: pods of ordinary size, each with the status that a kubelet would give it. */
export async function fillCluster(
  client: KubernetesClient,
  { services, podsEach }: ClusterSize,
): Promise<void> {
  const indexes = upTo(services);
  await makeMissing(client, resourceTypes.namespaces, upTo(namespaces).map(namespaceOf));
  await makeMissing(client, resourceTypes.nodes, upTo(nodes).map(nodeOf));
  await makeMissing(client, resourceTypes.serviceAccounts, indexes.map(accountOf));
  await makeMissing(client, resourceTypes.services, indexes.map(serviceOf));
  const known = await namesOf(client, resourceTypes.pods);
  const pods = indexes.flatMap((i) => upTo(podsEach).map((index) => ({ i, index })));
  await each(
    pods.filter(({ i, index }) => !known.has(podName(i, index))),
    ({ i, index }) => makePod(client, i, index),
  );
  const slices = indexes.map((i) => sliceOf(i, podsEach, new Set()));
  await makeMissing(client, resourceTypes.endpointSlices, slices);
}

export function podName(i: number, index: number): string {
  return `svc-${i}-7d4b9c6f5-${String(index).padStart(5, 'x')}`;
}

export function sliceOf(i: number, podsEach: number, unready: ReadonlySet<number>) {
  return {
    metadata: {
      name: `svc-${i}-abcde`,
      namespace: nameOfNamespace(i),
      labels: { 'kubernetes.io/service-name': `svc-${i}` },
    },
    addressType: 'IPv4',
    ports: [
      { name: 'http', port: 8080 },
      { name: 'grpc', port: 9000 },
    ],
    endpoints: Array.from({ length: podsEach }, (_, index) => ({
      addresses: [addressOf(i, index)],
      conditions: { ready: !unready.has(index), serving: !unready.has(index), terminating: false },
      nodeName: nodeName(i + index),
      zone: `zone-${(i + index) % 3}`,
      targetRef: { kind: 'Pod', namespace: nameOfNamespace(i), name: podName(i, index) },
    })),
  };
}

const nameOfNamespace = (i: number) => `team-${i % namespaces}`;
const nodeName = (i: number) => `node-${i % nodes}`;
const addressOf = (i: number, index: number) => `10.${1 + (i >> 8)}.${i & 255}.${index + 1}`;

function namespaceOf(i: number): Item {
  return { metadata: { name: nameOfNamespace(i), labels: { 'tulle.dev/inject': 'enabled' } } };
}

function nodeOf(i: number): Item {
  return { metadata: { name: nodeName(i), labels: { 'topology.kubernetes.io/zone': `zone-${i % 3}` } } };
}

function accountOf(i: number): Item {
  return { metadata: { name: `svc-${i}`, namespace: nameOfNamespace(i) } };
}

function serviceOf(i: number): Item {
  const ports = [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'grpc', port: 9000, appProtocol: 'grpc' },
  ];
  return {
    metadata: { name: `svc-${i}`, namespace: nameOfNamespace(i) },
    spec: { selector: { app: `svc-${i}` }, ports },
  };
}

function podOf(i: number, index: number): Item {
  const env = Array.from({ length: 12 }, (_, n) => ({
    name: `SETTING_${n}`,
    value: `value of setting ${n}`,
  }));
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 5 };
  const container = (name: string) => ({
    name,
    image: `registry.example.com/team/${name}:1.2.3`,
    env,
    ports: [{ containerPort: 8080 }],
    livenessProbe: probe,
    readinessProbe: probe,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  });
  return {
    metadata: {
      name: podName(i, index),
      namespace: nameOfNamespace(i),
      labels: {
        app: `svc-${i}`,
        'pod-template-hash': '7d4b9c6f5',
        version: 'v1',
        team: `team-${i % namespaces}`,
      },
      annotations: {
        'example.com/checksum': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `svc-${i}-7d4b9c6f5`,
          uid: `${i}`,
          controller: true,
        },
      ],
    },
    spec: {
      serviceAccountName: `svc-${i}`,
      nodeName: nodeName(i + index),
      containers: [container('app'), container('tulle-sidecar')],
    },
  };
}

async function makePod(client: KubernetesClient, i: number, index: number): Promise<void> {
  const pod = await client.create(resourceTypes.pods, podOf(i, index));
  const ip = addressOf(i, index);
  const startedAt = '2026-11-01T00:00:00Z';
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: startedAt,
  }));
  const containerStatuses = ['app', 'tulle-sidecar'].map((name) => ({
    name,
    image: `registry.example.com/team/${name}:1.2.3`,
    imageID: `registry.example.com/team/${name}@sha256:${'0123456789abcdef'.repeat(4)}`,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt } },
  }));
  const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions, containerStatuses };
  await client.replace(resourceTypes.pods, { ...pod, status }, { subresource: 'status' });
}

/** Names are unique among what is made here, whatever the namespace. */
async function namesOf(client: KubernetesClient, type: ResourceType): Promise<ReadonlySet<string>> {
  return new Set((await client.list(type)).map(({ metadata }) => metadata.name));
}

async function makeMissing(
  client: KubernetesClient,
  type: ResourceType,
  items: readonly Item[],
): Promise<void> {
  const known = await namesOf(client, type);
  await each(
    items.filter(({ metadata }) => !known.has(metadata.name)),
    async (item) => {
      await client.create(type, item);
    },
  );
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function each<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].reverse();
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await run(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
