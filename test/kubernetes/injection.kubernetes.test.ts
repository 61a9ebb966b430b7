import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { proxyOptionKeys, proxyOptions } from '@tulle/api';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { annotationEffects, containerNamed, envOf } from './src/annotation-effects.ts';
import { carefulPod } from './src/careful-pod.ts';
import type { Cluster } from './src/cluster/cluster.ts';
import { invalidResources, resourceYaml } from './src/invalid-resources.ts';
import { invalidSettings, settingObject } from './src/invalid-settings.ts';
import { clusterPace, manifestText } from './src/kubectl.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type Manifest, meshNamespace, parseManifests, runTulle } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';
import { applyWorkloads, node, workloads } from './src/workloads.ts';

const meshed = 'meshed';
const plain = 'plain';
const label = { 'tulle.dev/inject': 'enabled' };
const everyInvalidResource = invalidResources.map((resource) => resourceYaml(resource, meshed)).join('---\n');
const tracedMesh = {
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'MeshConfig',
  metadata: { name: 'default' },
  spec: { tracing: { endpoint: 'http://collector.monitoring:4318' } },
};

describeCluster('api-server', 'the API server asks the injector', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let injector: LocalProgram;

  const appPod = (name: string, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: meshed, ...metadata },
    spec: {
      containers: [
        { name: 'app', image: 'app', readinessProbe: { httpGet: { path: '/ready', port: 8_080 } } },
      ],
    },
  });
  /** What the API server would make of them. */
  const admitted = async (pods: readonly object[]): Promise<readonly Manifest[]> => {
    const args = ['create', '--dry-run=server', '-o', 'yaml', '-f', '-'];
    const answer = parseManifests(await cluster.kubectl.must(args, manifestText(pods)));
    return answer.flatMap((object) => (object.kind === 'List' ? object.items : [object]));
  };
  const names = (containers: readonly Manifest[] = []) => containers.map(({ name }) => name);
  const podOf = async (app: string, namespace: string) => {
    const pods = await cluster.kubectl.list(`pods -l app=${app}`, namespace);
    expect(pods).not.toEqual([]);
    return pods[0]!;
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    [, injector] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await mesh.createNamespace(meshed, label);
    await mesh.createNamespace(plain);
    await cluster.kubectl.apply([node]);
    for (const namespace of [meshed, plain]) await applyWorkloads(cluster, namespace);
  });

  afterAll(async () => {
    // A cluster that is given is taken for one with real nodes as long as it stands.
    if (cluster?.isGiven) await cluster.kubectl.delete(`node/${node.metadata.name}`);
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe.each(workloads(meshed))('about the pods of: $name', ({ name, initContainers, containers }) => {
    it('and they get a sidecar that starts before everything of their own', async () => {
      const { metadata, spec } = await eventually(() => podOf(name, meshed), clusterPace);
      expect(names(spec.initContainers)).toEqual(['tulle-init', 'tulle-sidecar', ...initContainers]);
      expect(names(spec.containers)).toEqual(containers);
      expect(metadata.annotations).toMatchObject({
        'tulle.dev/injected': expect.stringMatching(/^\d+\.\d+\.\d+/),
        'config.tulle.dev/capture': 'enabled',
      });
    });

    it('and they are left alone in a namespace without the label', async () => {
      const { metadata, spec } = await eventually(() => podOf(name, plain), clusterPace);
      expect(names(spec.initContainers)).toEqual(initContainers);
      expect(names(spec.containers)).toEqual(containers);
      expect(Object.keys(metadata.annotations ?? {}).filter((key) => key.includes('tulle'))).toEqual([]);
    });
  });

  it('and what is injected may do no more than it has to', async () => {
    const [pod] = await admitted([appPod('whole')]);
    expect(containerNamed(pod!, 'tulle-init').securityContext).toMatchObject({
      runAsUser: 0,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
    });
    const sidecar = containerNamed(pod!, 'tulle-sidecar');
    expect(sidecar).toMatchObject({
      restartPolicy: 'Always',
      startupProbe: { httpGet: { path: '/readyz', port: 15_020 } },
      securityContext: {
        runAsUser: 1_337,
        runAsGroup: 1_337,
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    const env = envOf(sidecar);
    const roots = (await cluster.kubectl.get('configmap/tulle-trust', meshNamespace)).data['root.pem'];
    expect(env).toMatchObject({
      TULLE_WORKLOAD: '$(POD_NAMESPACE)/$(POD_NAME)',
      TULLE_CONTROL_PLANE: `tulle-control-plane.${meshNamespace}.svc:15012`,
      TULLE_CAPTURE: 'redirect',
      TULLE_CA_PEM: roots,
    });
    const token = pod!.spec.volumes.find(({ name }: Manifest) => name === 'tulle-token');
    expect(token.projected.sources).toMatchObject([{ serviceAccountToken: { audience: 'tulle' } }]);
    expect(containerNamed(pod!, 'app').readinessProbe.httpGet).toMatchObject({
      path: '/probe/app/readiness',
      port: 15_020,
    });
  });

  it('and every annotation does what it says', async () => {
    // Without a collector nothing is traced, and the share of it is not said.
    await cluster.kubectl.apply([tracedMesh]);
    await eventually(async () => {
      const [traced] = await admitted([appPod('traced')]);
      expect(envOf(containerNamed(traced!, 'tulle-sidecar'))).toHaveProperty('TULLE_TRACING_ENDPOINT');
    }, clusterPace);
    const cases = proxyOptionKeys.map((key) => ({ key, ...annotationEffects[key] }));
    const pods = cases.map(({ key, value }) =>
      appPod(`with-${proxyOptions[key].name}`, {
        annotations: { [`config.tulle.dev/${proxyOptions[key].name}`]: value },
      }),
    );
    const [bare, ...annotated] = await admitted([appPod('bare'), ...pods]);
    expect(annotated).toHaveLength(cases.length);
    cases.forEach(({ key, read, shows }, i) => {
      expect([key, read(annotated[i]!)]).toEqual([key, shows]);
      expect([key, readOrNull(read, bare!)]).not.toEqual([key, shows]);
    });
  });

  it('and a label of the pod wins over its namespace', async () => {
    const labelled = (name: string, value: string) => appPod(name, { labels: { 'tulle.dev/inject': value } });
    const [out, withIn] = await admitted([
      labelled('out', 'disabled'),
      {
        ...labelled('in', 'enabled'),
        metadata: { name: 'in', namespace: plain, labels: { 'tulle.dev/inject': 'enabled' } },
      },
    ]);
    expect(names(out!.spec.initContainers)).toEqual([]);
    expect(names(withIn!.spec.initContainers)).toEqual(['tulle-init', 'tulle-sidecar']);
  });

  describe('where a namespace has rules of its own for pods, which', () => {
    const create = (pod: object) =>
      cluster.kubectl.run(['create', '--dry-run=server', '-o', 'yaml', '-f', '-'], manifestText([pod]));
    const refusal = async (pod: object) => {
      const { code, stderr } = await create(pod);
      expect(code).not.toBe(0);
      return stderr;
    };
    const made = async (pod: object): Promise<Manifest> => {
      const { code, stdout, stderr } = await create(pod);
      expect([code, stderr]).toEqual([0, expect.anything()]);
      return parseManifests(stdout)[0]!;
    };

    it('keeps the init step out by Pod Security, says how to go on, and takes a sidecar without capture', async () => {
      const namespace = 'restricted';
      await mesh.createNamespace(namespace, { ...label, 'pod-security.kubernetes.io/enforce': 'restricted' });
      const said = await refusal(carefulPod(namespace));
      expect(said).toMatch(/violates PodSecurity "restricted:latest".*tulle-init/);
      expect(said).toContain('Warning: tulle: the namespace enforces Pod Security "restricted"');
      const annotations = { 'config.tulle.dev/capture': 'disabled' };
      const pod = await made(carefulPod(namespace, { annotations }));
      expect(containerNamed(pod, 'tulle-sidecar')).toBeDefined();
    });

    it('gives the sidecar no token for the API server, and the application its own', async () => {
      const namespace = 'tokens';
      await mesh.createNamespace(namespace, label);
      const pod = await eventually(() => made(carefulPod(namespace)), clusterPace);
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
      await eventually(() => made(carefulPod(namespace)), clusterPace);
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
      const pod = await made(carefulPod(namespace, { annotations }));
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
      const pod = await eventually(() => made(carefulPod(namespace, { spec })), clusterPace);
      expect(pod.spec.initContainers).toBeUndefined();
    });
  });

  /** A MeshConfig that is there would be patched; these are to be created. */
  describe('and lets it refuse what kubectl applies:', () => {
    /** What kubectl says of an object that is to be refused. */
    const refusal = async (manifest: string) => {
      const { code, stderr } = await cluster.kubectl.run(['apply', '-f', '-'], manifest);
      expect(code).toBe(1);
      return stderr;
    };

    beforeAll(() => cluster.kubectl.delete('meshconfig/default'));

    it('at least forty of them', () => {
      expect(invalidResources.length + invalidSettings.length).toBeGreaterThanOrEqual(40);
    });

    it.concurrent.each(invalidResources)('$kind $spec: $refusals', async (resource) => {
      const said = await refusal(resourceYaml(resource, meshed));
      for (const reason of resource.refusals) expect(said).toContain(reason);
    });

    it('resources in the words of `tulle validate`', async () => {
      const directory = join(mesh.directory.path, 'invalid');
      await mkdir(directory);
      await writeFile(join(directory, 'all.yaml'), everyInvalidResource);
      const { code, stdout } = await runTulle(['validate', directory]);
      expect(code).toBe(1);
      invalidResources.forEach(({ refusals }, i) => {
        for (const reason of refusals) expect(stdout).toContain(`(document ${i + 1}): ${reason}\n`);
      });
    });

    it.concurrent.each(invalidSettings)('$on with $key: $value', async (setting) => {
      const said = await refusal(JSON.stringify(settingObject(setting, meshed)));
      expect(said).toContain(setting.refusal);
    });

    it('by the schema alone while there is no injector', async () => {
      injector.process.kill('SIGKILL');
      await injector.process.waitForExit();
      const bySchema = invalidResources.filter(({ isBeyondSchema }) => isBeyondSchema !== true);
      const manifest = bySchema.map((resource) => resourceYaml(resource, meshed)).join('---\n');
      const { code, stdout } = await cluster.kubectl.run(['create', '--dry-run=server', '-f', '-'], manifest);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    });
  });
});

function readOrNull(read: (pod: Manifest) => unknown, pod: Manifest): unknown {
  try {
    return read(pod);
  } catch {
    return null;
  }
}
