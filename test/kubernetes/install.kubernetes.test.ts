import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allowedOf } from './src/access-review.ts';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace, runCommand } from './src/kubectl.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { type Manifest, meshNamespace, parseManifests, root, tulle } from './src/mesh/manifests.ts';
import { meshConfig } from './src/mesh/resources.ts';
import { objectsOf, settledObjectsOf } from './src/objects-of.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

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

describeCluster('own-api-server', 'the manifests', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  let before: readonly string[];

  beforeAll(async () => {
    cluster = await startApiServer();
    before = await settledObjectsOf(cluster.kubectl);
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
    const rendered = await Promise.all([helmTemplate(cluster.helm, values), tulle(['install', ...values])]);
    const [byHelm, byTulle] = rendered.map(parseManifests) as [readonly Manifest[], readonly Manifest[]];
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

  describe('and what deletes them', () => {
    let programs: readonly LocalProgram[];
    const removal = { kept: '', purged: '' };

    const own = async (what: string) =>
      (await cluster.kubectl.run(['get', what, '-n', meshNamespace])).code === 0;
    const remove = (text: string) =>
      cluster.kubectl.must(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], text);

    beforeAll(async () => {
      programs = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
      await cluster.kubectl.apply([meshConfig('Refuse')]);
      for (const made of [
        'secret/tulle-authority',
        'secret/tulle-injector-certificate',
        'configmap/tulle-trust',
      ])
        await eventually(async () => expect(await own(made)).toBe(true), clusterPace);
      removal.kept = await tulle(['uninstall']);
      removal.purged = await tulle(['uninstall', '--purge']);
    });

    it('keeps what operators wrote, and the authority, unless it is told otherwise', async () => {
      await Promise.all(programs.map(({ process }) => process.stop(10_000)));
      await remove(removal.kept);
      expect(await own('secret/tulle-authority')).toBe(true);
      const { spec } = await cluster.kubectl.get('meshconfig/default');
      expect(spec).toEqual({ outbound: { unknownDestinations: 'Refuse' } });
      for (const made of [
        'secret/tulle-injector-certificate',
        'configmap/tulle-trust',
        'lease/tulle-control-plane',
      ])
        expect(await own(made)).toBe(false);
    });

    it('purged, names all that is deleted otherwise, and leaves no trace', async () => {
      const [kept, purged] = [parseManifests(removal.kept), parseManifests(removal.purged)];
      expect(purged).toEqual(expect.arrayContaining([...kept]));
      expect(purged.length).toBeGreaterThan(kept.length);
      await remove(removal.purged);
      await eventually(async () => {
        const left = (await objectsOf(cluster.kubectl)).filter((key) => !before.includes(key));
        // Nobody ends a namespace where there are no controllers.
        const isEnding = (key: string) => !cluster.hasControllers && /^v1 Namespace|tulle-system\//.test(key);
        expect(left.filter((key) => !isEnding(key))).toEqual([]);
      }, clusterPace);
    });
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
