import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { kubeconfigText } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { httpRouteStub } from './src/mesh/http-route-stub.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { meshNamespace, runTulle, withLocalPrograms } from './src/mesh/manifests.ts';
import { pretendReady } from './src/mesh/pretend-ready.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly level: string;
    readonly findings: readonly { readonly message: string; readonly hint: string }[];
  }[];
}

interface Fault {
  readonly what: string;
  /** The one check that finds it, and a part of what it says. */
  readonly check: string;
  readonly says: RegExp;
  /** Whether `tulle check` ends with 1. */
  readonly isFailure: boolean;
  readonly plant: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
}

const namespace = 'shop';
const injectorPort = 9_443;

describeCluster('own-api-server', 'tulle check', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;
  let injector: LocalProgram;

  const kubectl = (...args: string[]) => cluster.kubectl.must(args);
  const own = (...args: string[]) => kubectl('-n', meshNamespace, ...args);
  const apply = (...objects: readonly object[]) =>
    cluster.kubectl.apply(objects, '--server-side', '--force-conflicts');
  const installed = (kind: string, name: string) =>
    mesh.manifests.find((object) => object.kind === kind && object.metadata.name === name)!;
  const reapply = (kind: string, name: string) => apply(installed(kind, name));

  async function check(...args: readonly string[]): Promise<Report & { readonly code: number | null }> {
    const { code, stdout, stderr } = await runTulle(['check', '--json', ...args], {
      kubeconfig: cluster.kubectl.kubeconfig,
    });
    if (stdout === '') throw new Error(`tulle check said nothing but: ${stderr}`);
    return { ...(JSON.parse(stdout) as Report), code };
  }

  const wrong = ({ checks }: Report) => checks.filter(({ level }) => level !== 'ok');

  beforeAll(async () => {
    cluster = await startApiServer();
    await cluster.kubectl.apply([httpRouteStub], '--server-side');
    mesh = await InstalledMesh.install(cluster);
    [controlPlane, injector] = await Promise.all([
      mesh.startControlPlane('control-plane-0'),
      mesh.startInjector(),
    ]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
    for (const program of ['tulle-control-plane', 'tulle-injector']) await pretendReady(cluster, program);
    await eventually(async () => expect(wrong(await check())).toEqual([]), {
      ...clusterPace,
      timeoutMs: 90_000,
    });
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const bare = (name: string, where: string, labels: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: where, labels },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  });
  const policy = (name: string) => ({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace },
    spec: { mtls: { mode: 'STRICT' } },
  });
  const denyAll = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny-all', namespace: meshNamespace },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  };
  const trust = async (pem: string) =>
    own(
      'patch',
      'configmap',
      'tulle-trust',
      '--type=merge',
      '-p',
      JSON.stringify({ data: { 'root.pem': pem } }),
    );
  let roots = '';
  const askInjectorAt = (port: number) => {
    const patch = [0, 1].map((index) => ({
      op: 'replace',
      path: `/webhooks/${index}/clientConfig/service/port`,
      value: port,
    }));
    const what = ['patch', 'mutatingwebhookconfiguration', 'tulle-injector', '--type=json'];
    return kubectl(...what, '-p', JSON.stringify(patch));
  };

  const faults: readonly Fault[] = [
    {
      what: 'Gateway API is not there',
      check: 'gateway-api',
      says: /the CRDs of Gateway API are not installed/,
      isFailure: false,
      plant: () => kubectl('delete', 'crd', httpRouteStub.metadata.name),
      mend: () => apply(httpRouteStub),
    },
    {
      what: 'the record of the installation is lost',
      check: 'installation',
      says: /there is no ConfigMap tulle-system\/tulle-install/,
      isFailure: false,
      plant: () => own('delete', 'configmap', 'tulle-install'),
      mend: () => reapply('ConfigMap', 'tulle-install'),
    },
    {
      what: 'a definition is that of another version',
      check: 'custom-resources',
      says: /meshconfigs.tulle.dev is not the one of this version/,
      isFailure: false,
      plant: () =>
        kubectl(
          ...['patch', 'crd', 'meshconfigs.tulle.dev', '--type=json', '-p'],
          '[{"op":"remove","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tracing"}]',
        ),
      mend: () => reapply('CustomResourceDefinition', 'meshconfigs.tulle.dev'),
    },
    {
      what: 'a binding of the injector is lost',
      check: 'access',
      says: /tulle-injector may not .*get secrets/,
      isFailure: true,
      plant: () => own('delete', 'rolebinding', 'tulle-injector'),
      mend: () => reapply('RoleBinding', 'tulle-injector'),
    },
    {
      what: 'no pod of the control plane is ready',
      check: 'control-plane',
      says: /none of 2 pods of tulle-control-plane is ready/,
      isFailure: true,
      plant: () => pretendReady(cluster, 'tulle-control-plane', false),
      mend: () => pretendReady(cluster, 'tulle-control-plane'),
    },
    {
      what: 'no pod of the injector is ready',
      check: 'injector',
      says: /none of 2 pods of tulle-injector is ready/,
      isFailure: true,
      plant: () => pretendReady(cluster, 'tulle-injector', false),
      mend: () => pretendReady(cluster, 'tulle-injector'),
    },
    {
      what: 'the roots are those of another mesh',
      check: 'authority',
      says: /not those of the Secret tulle-authority/,
      isFailure: true,
      plant: async () => {
        roots = (await cluster.kubectl.get('configmap/tulle-trust', meshNamespace)).data['root.pem'];
        const other = await cluster.kubectl.get('secret/tulle-injector-certificate', meshNamespace);
        await trust(Buffer.from(other.data['ca.crt'], 'base64').toString());
      },
      mend: () => trust(roots),
    },
    {
      what: 'a webhook configuration is gone',
      check: 'webhooks',
      says: /there is no ValidatingWebhookConfiguration tulle-injector/,
      isFailure: true,
      plant: () => kubectl('delete', 'validatingwebhookconfiguration', 'tulle-injector'),
      mend: async () => {
        const local = withLocalPrograms(mesh.manifests, { address: injector.address, port: injectorPort });
        await apply(...local.filter(({ kind }) => kind === 'ValidatingWebhookConfiguration'));
        // The injector puts its authorities in again.
        await eventually(async () => expect(wrong(await check())).toEqual([]), clusterPace);
      },
    },
    {
      what: 'a network policy keeps sidecars and the API server out',
      check: 'network-policies',
      says: /may be kept from port (15012|9443) of tulle-(control-plane|injector) by tulle-system\/deny-all/,
      isFailure: false,
      plant: async () => {
        await apply(denyAll);
        await own('delete', 'networkpolicy', 'tulle-control-plane', 'tulle-injector');
      },
      mend: async () => {
        await own('delete', 'networkpolicy', 'deny-all');
        for (const name of ['tulle-control-plane', 'tulle-injector']) await reapply('NetworkPolicy', name);
      },
    },
    {
      what: 'the API server does not reach the injector',
      check: 'injection',
      says: /no pod can be made in labelled namespaces: .*failed calling webhook/,
      isFailure: true,
      plant: () => askInjectorAt(9),
      mend: () => askInjectorAt(injectorPort),
    },
    {
      what: 'pods are older than the label of their namespace',
      check: 'namespaces',
      says: /1 pod of namespace late without a sidecar: pod\/early/,
      isFailure: false,
      plant: async () => {
        await mesh.createNamespace('late');
        await apply(bare('early', 'late'));
        await kubectl('label', 'namespace', 'late', 'tulle.dev/inject=enabled');
      },
      mend: () => kubectl('delete', 'pod', 'early', '-n', 'late', '--force', '--grace-period=0'),
    },
    {
      what: 'a label is misspelt',
      check: 'labels',
      says: /namespace shop has the label tulle.dev\/injection/,
      isFailure: false,
      plant: () => kubectl('label', 'namespace', namespace, 'tulle.dev/injection=enabled'),
      mend: () => kubectl('label', 'namespace', namespace, 'tulle.dev/injection-'),
    },
    {
      what: 'another mesh injects the same namespace',
      check: 'other-meshes',
      says: /Linkerd injects the same namespaces: shop/,
      isFailure: false,
      plant: () => kubectl('annotate', 'namespace', namespace, 'linkerd.io/inject=enabled'),
      mend: () => kubectl('annotate', 'namespace', namespace, 'linkerd.io/inject-'),
    },
    {
      what: 'a sidecar does not get ready',
      check: 'proxies',
      says: /1 sidecar not ready: shop\/stuck/,
      isFailure: true,
      plant: () => apply(bare('stuck', namespace)),
      mend: () => kubectl('delete', 'pod', 'stuck', '-n', namespace, '--force', '--grace-period=0'),
    },
    {
      what: 'an object is not accepted',
      check: 'configuration',
      says: /PeerAuthentication shop\/second is Accepted=False, Conflicted/,
      isFailure: true,
      plant: async () => {
        await apply(policy('first'), policy('second'));
        await eventually(async () => {
          const { status } = await cluster.kubectl.get('peerauthentication/second', namespace);
          expect(status.conditions[0].status).toBe('False');
        }, clusterPace);
      },
      mend: () => kubectl('delete', 'peerauthentication', 'first', 'second', '-n', namespace),
    },
    {
      what: 'nobody leads',
      check: 'leadership',
      says: /nobody holds the Lease tulle-system\/tulle-control-plane/,
      isFailure: false,
      plant: () => controlPlane.process.stop(10_000),
      mend: () => mesh.startControlPlane('control-plane-0', controlPlane.address),
    },
  ];

  describe.each(faults)('where $what', ({ check: name, says, isFailure, plant, mend }) => {
    it(`says so by ${name}, and by that alone`, async () => {
      await plant();
      try {
        const report = await check();
        const found = wrong(report);
        expect(found.map((each) => each.name)).toEqual([name]);
        expect(found[0]!.findings.map(({ message }) => message).join('\n')).toMatch(says);
        expect(found[0]!.findings.every(({ hint }) => hint !== '')).toBe(true);
        expect({ ok: report.ok, code: report.code }).toEqual({ ok: !isFailure, code: isFailure ? 1 : 0 });
      } finally {
        await mend();
      }
    });
  });

  it('before an installation, says that there is one already, and where', async () => {
    expect(wrong(await check('--pre')).map(({ name }) => name)).toEqual(['other-installation']);
    const elsewhere = await check('--pre', '--namespace', 'another');
    expect(elsewhere).toMatchObject({ ok: false, code: 1 });
    expect(JSON.stringify(wrong(elsewhere))).toContain('there is a Tulle already, in namespace tulle-system');
  });

  it('before an installation, says what whoever asks may not do', async () => {
    const token = await kubectl('create', 'token', 'default', '-n', namespace);
    const kubeconfig = await cluster.kubeconfigOf('nobody', token.trim());
    const { checks } = await check('--pre', '--kubeconfig', kubeconfig);
    const permissions = checks.find(({ name }) => name === 'permissions')!;
    expect(permissions.findings[0]!.message).toMatch(
      /you may not create namespaces, patch namespaces, create cust/,
    );
  });

  it('without an API server, asks nothing else', async () => {
    const kubeconfig = join(mesh.directory.path, 'away.kubeconfig');
    await writeFile(kubeconfig, kubeconfigText('https://127.0.0.1:1', '', 'none'));
    const report = await check('--kubeconfig', kubeconfig);
    expect(report).toMatchObject({ ok: false, code: 1 });
    expect(report.checks.map(({ name, level }) => [name, level])).toEqual([['api-server', 'fail']]);
  });
});
