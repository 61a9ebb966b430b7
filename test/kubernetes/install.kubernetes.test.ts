import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allowedOf } from './src/access-review.ts';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace, runCommand } from './src/kubectl.ts';
import { InstalledMesh } from './src/mesh/installed-mesh.ts';
import { type Manifest, meshNamespace, parseManifests, root, tulle } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

const gateway = 'gateway.networking.k8s.io';

const rights = [
  {
    account: 'tulle-control-plane',
    may: [
      ...['pods', 'services', 'namespaces', 'nodes', 'endpointslices.discovery.k8s.io'].map(
        (kind) => `list ${kind}`,
      ),
      ...['pods', 'services', 'namespaces', 'nodes', 'endpointslices.discovery.k8s.io'].map(
        (kind) => `watch ${kind}`,
      ),
      'list networkpolicies.networking.k8s.io',
      `watch httproutes.${gateway}`,
      `update httproutes.${gateway}/status`,
      'watch peerauthentications.tulle.dev',
      'patch peerauthentications.tulle.dev/status',
      'watch meshconfigs.tulle.dev',
      'patch meshconfigs.tulle.dev/status',
      'create tokenreviews.authentication.k8s.io',
      'create events.events.k8s.io in shop',
      `get secrets tulle-authority in ${meshNamespace}`,
      `update secrets tulle-authority in ${meshNamespace}`,
      `update leases.coordination.k8s.io tulle-control-plane in ${meshNamespace}`,
    ],
    mayNot: [
      'list secrets',
      `list secrets in ${meshNamespace}`,
      `get secrets tulle-injector-certificate in ${meshNamespace}`,
      'get secrets any in shop',
      'list configmaps',
      'get configmaps any in shop',
      'create pods in shop',
      'patch pods in shop',
      'delete pods in shop',
      'create pods/exec in shop',
      `update httproutes.${gateway} in shop`,
      'update peerauthentications.tulle.dev in shop',
      'update services in shop',
      'create serviceaccounts/token in shop',
      'patch mutatingwebhookconfigurations.admissionregistration.k8s.io tulle-injector',
      'create clusterrolebindings.rbac.authorization.k8s.io',
      `update leases.coordination.k8s.io tulle-injector in ${meshNamespace}`,
    ],
  },
  {
    account: 'tulle-injector',
    may: [
      'watch namespaces',
      'watch meshconfigs.tulle.dev',
      `get configmaps tulle-trust in ${meshNamespace}`,
      `get secrets tulle-injector-certificate in ${meshNamespace}`,
      'patch mutatingwebhookconfigurations.admissionregistration.k8s.io tulle-injector',
      'patch validatingwebhookconfigurations.admissionregistration.k8s.io tulle-injector',
      'create events.events.k8s.io in shop',
    ],
    mayNot: [
      `update leases.coordination.k8s.io tulle-control-plane in ${meshNamespace}`,
      'list secrets',
      `list secrets in ${meshNamespace}`,
      `get secrets tulle-authority in ${meshNamespace}`,
      'create pods in shop',
      'patch pods in shop',
      'list configmaps',
      'patch mutatingwebhookconfigurations.admissionregistration.k8s.io another',
      'create mutatingwebhookconfigurations.admissionregistration.k8s.io',
      'create tokenreviews.authentication.k8s.io',
      'patch meshconfigs.tulle.dev/status',
    ],
  },
];

describeCluster('api-server', 'the manifests', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  describe.each(rights)('give $account', ({ account, may, mayNot }) => {
    it('the rights that it needs', async () => {
      expect(await allowedOf(cluster.kubectl, account, may)).toEqual(may);
    });

    it('and no others', async () => {
      expect(await allowedOf(cluster.kubectl, account, mayNot)).toEqual([]);
    });
  });

  it('are taken by the API server without a warning, as `tulle install` and as helm render them', async () => {
    const rendered = [await tulle(['install'])];
    if (cluster.helm !== null) rendered.push(await helmTemplate(cluster.helm));
    for (const text of rendered) {
      const dryRun = ['apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', '-'];
      const { code, stderr } = await cluster.kubectl.run(dryRun, text);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  });

  it.each([
    ['the defaults', []],
    ['three of each', ['values-ha.yaml']],
    ['every value another', ['values-all.yaml']],
    ['empty and least values', ['values-edges.yaml']],
    ['one file over another', ['values-all.yaml', 'values-edges.yaml']],
  ])('are the same from helm and from `tulle install` with %s', async (_, files) => {
    if (cluster.helm === null)
      throw new Error('helm is not here: it is in the folder of the assets, or on PATH');
    const values = files.flatMap((file) => ['-f', `${root}/test/kubernetes/data/${file}`]);
    const byHelm = parseManifests(await helmTemplate(cluster.helm, values));
    const byTulle = parseManifests(await tulle(['install', ...values]));
    expect(byHelm.length).toBeGreaterThan(15);
    expect(comparable(byHelm)).toEqual(comparable(byTulle));
  });

  it('run everything as somebody who may do little', () => {
    const programs = mesh.manifests.filter(({ kind }) => kind === 'Deployment');
    expect(programs.map(({ metadata }) => metadata.name).sort()).toEqual([
      'tulle-control-plane',
      'tulle-injector',
    ]);
    for (const { spec } of programs) {
      for (const { securityContext, resources } of spec.template.spec.containers) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources.requests).toBeDefined();
      }
    }
  });

  it('leave nothing once `tulle uninstall` has written what to delete', async () => {
    const kinds =
      'clusterroles,clusterrolebindings,crd,mutatingwebhookconfigurations,validatingwebhookconfigurations';
    const ours = async () => {
      const names = (await cluster.kubectl.must(['get', kinds, '-o', 'name'])).split('\n');
      return names.filter((name) => name.includes('tulle'));
    };
    expect((await ours()).length).toBeGreaterThan(5);
    const removal = await tulle(['uninstall', '--purge']);
    await cluster.kubectl.must(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], removal);
    await eventually(async () => expect(await ours()).toEqual([]), clusterPace);
    // It ends by a controller's doing.
    if (!cluster.hasControllers) return;
    const namespace = ['get', 'namespace', meshNamespace, '--ignore-not-found', '-o', 'name'];
    await eventually(async () => expect(await cluster.kubectl.must(namespace)).toBe(''), clusterPace);
  });
});

async function helmTemplate(helm: string, values: readonly string[] = []): Promise<string> {
  const args = ['template', 'tulle', `${root}/deploy/chart/tulle`, '--namespace', meshNamespace];
  const { code, stdout, stderr } = await runCommand([helm, ...args, ...values]);
  if (code !== 0) throw new Error(`helm template ended with ${code}: ${stderr}`);
  return stdout;
}

/** By kind and name; without what says who installs, and with YAML within for what it means. */
function comparable(manifests: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const withoutInstaller = (object: unknown) =>
    JSON.parse(JSON.stringify(object).replaceAll('"Helm"', '"tulle"'));
  return Object.fromEntries(
    manifests
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ metadata, data = {}, ...rest }) => {
        const texts = Object.entries(data).map(([key, text]) => [key, parse(String(text))]);
        const key = `${rest.kind} ${metadata.namespace}/${metadata.name}`;
        return [key, withoutInstaller({ ...rest, data: Object.fromEntries(texts) })];
      }),
  );
}
