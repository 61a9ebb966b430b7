import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { containerNamed } from './src/annotation-effects.ts';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace, manifestText } from './src/kubectl.ts';
import { InstalledMesh } from './src/mesh/installed-mesh.ts';
import { type Manifest, parseManifests } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';
import { node } from './src/workloads.ts';

const label = { 'tulle.dev/inject': 'enabled' };

/** As the strictest standard for pods asks, with everything that pods of today have. */
const carefulPod = (namespace: string, { annotations = {}, spec = {} } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'web-', namespace, annotations },
  spec: {
    shareProcessNamespace: true,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1_000,
      fsGroup: 2_000,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'app',
        image: 'app',
        resources: { limits: { cpu: '100m', memory: '64Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
    ...spec,
  },
});

describeCluster('api-server', 'a namespace with rules of its own for pods', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;

  const create = (pod: object) =>
    cluster.kubectl.run(['create', '--dry-run=server', '-o', 'yaml', '-f', '-'], manifestText([pod]));
  const refusal = async (pod: object) => {
    const { code, stderr } = await create(pod);
    expect(code).not.toBe(0);
    return stderr;
  };
  const admitted = async (pod: object): Promise<Manifest> => {
    const { code, stdout, stderr } = await create(pod);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    return parseManifests(stdout)[0]!;
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await cluster.kubectl.apply([node]);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('keeps the init step out by Pod Security, says how to go on, and takes a sidecar without capture', async () => {
    const namespace = 'restricted';
    await mesh.createNamespace(namespace, { ...label, 'pod-security.kubernetes.io/enforce': 'restricted' });
    const said = await refusal(carefulPod(namespace));
    expect(said).toMatch(/violates PodSecurity "restricted:latest".*tulle-init/);
    expect(said).toContain('Warning: tulle: the namespace enforces Pod Security "restricted"');
    const annotations = { 'config.tulle.dev/capture': 'disabled' };
    const pod = await admitted(carefulPod(namespace, { annotations }));
    expect(containerNamed(pod, 'tulle-sidecar')).toBeDefined();
  });

  it('gives the sidecar no token for the API server, and the application its own', async () => {
    const namespace = 'tokens';
    await mesh.createNamespace(namespace, label);
    const pod = await eventually(() => admitted(carefulPod(namespace)), clusterPace);
    const mounts = (name: string) =>
      (containerNamed(pod, name).volumeMounts ?? []).map(({ mountPath }: Manifest) => mountPath);
    const api = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(mounts('app')).toContain(api);
    expect(mounts('tulle-sidecar')).not.toContain(api);
    expect(mounts('tulle-init')).not.toContain(api);
  });

  it('refuses by a quota on limits what has none, by name, and takes it where the namespace sets one', async () => {
    const namespace = 'quota';
    await mesh.createNamespace(namespace, label);
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'cpu', namespace } };
    await cluster.kubectl.apply([{ ...quota, spec: { hard: { 'limits.cpu': '10' } } }]);
    await eventually(async () => {
      expect(await refusal(carefulPod(namespace))).toMatch(/must specify limits.cpu for: .*tulle-sidecar/);
    }, clusterPace);
    await cluster.kubectl.must(['annotate', 'namespace', namespace, 'config.tulle.dev/cpu-limit=500m']);
    await eventually(() => admitted(carefulPod(namespace)), clusterPace);
  });

  it('has its limits for a container hold for the sidecar too', async () => {
    const namespace = 'ranges';
    await mesh.createNamespace(namespace, label);
    const range = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'memory', namespace } };
    const limits = [{ type: 'Container', max: { memory: '256Mi' }, default: { cpu: '300m' } }];
    await cluster.kubectl.apply([{ ...range, spec: { limits } }]);
    await eventually(async () => {
      expect(await refusal(carefulPod(namespace))).toMatch(
        /maximum memory usage per Container is 256Mi, but limit is 512Mi/,
      );
    }, clusterPace);
    const annotations = { 'config.tulle.dev/memory-limit': '256Mi' };
    const pod = await admitted(carefulPod(namespace, { annotations }));
    expect(containerNamed(pod, 'tulle-sidecar').resources.limits).toEqual({ cpu: '300m', memory: '256Mi' });
  });

  it('leaves pods for Windows alone', async () => {
    const namespace = 'windows';
    await mesh.createNamespace(namespace, label);
    const spec = {
      os: { name: 'windows' },
      shareProcessNamespace: undefined,
      securityContext: {},
      containers: [{ name: 'app', image: 'app' }],
    };
    const pod = await eventually(() => admitted(carefulPod(namespace, { spec })), clusterPace);
    expect(pod.spec.initContainers).toBeUndefined();
  });
});
