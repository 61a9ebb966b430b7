import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { kubeconfigText } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { httpRouteStub } from './src/mesh/http-route-stub.ts';
import { InstalledMesh } from './src/mesh/installed-mesh.ts';
import { meshNamespace, runTulle } from './src/mesh/manifests.ts';
import { pretendReady } from './src/mesh/pretend-ready.ts';
import { peerAuthentication } from './src/mesh/resources.ts';
import { plantedFaults } from './src/planted-faults.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';
import { singleFaults } from './src/single-faults.ts';
import { SoundMesh } from './src/sound-mesh.ts';

interface CheckResult {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly findings: readonly { readonly message: string; readonly hint: string }[];
}

interface Report {
  readonly ok: boolean;
  readonly code: number | null;
  readonly checks: readonly CheckResult[];
}

const namespace = 'shop';

/** In the order of a mesh's life: it is found to lack what is not there yet, then to be whole, then hurt. */
describeCluster('own-api-server', 'tulle check', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  let sound: SoundMesh;

  async function check(...args: readonly string[]): Promise<Report> {
    const { kubeconfig } = cluster.kubectl;
    const { code, stdout, stderr } = await runTulle(['check', '--json', ...args], { kubeconfig });
    expect(stderr).toBe('');
    return { ...(JSON.parse(stdout) as Omit<Report, 'code'>), code };
  }

  const wrong = ({ checks }: Report) => checks.filter(({ level }) => level !== 'ok');
  const namesOf = (results: readonly CheckResult[]) => results.map(({ name }) => name);
  const saidBy = ({ findings }: CheckResult) => findings.map(({ message }) => message).join('\n');
  const untilWrong = (names: readonly string[]) =>
    eventually(async () => expect(namesOf(wrong(await check()))).toEqual(names), {
      ...clusterPace,
      timeoutMs: 90_000,
    });

  beforeAll(async () => {
    cluster = await startApiServer();
    mesh = await InstalledMesh.install(cluster);
    sound = await SoundMesh.start(mesh, namespace);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('finds nothing that is wrong, but that there are no pods and no Gateway API here', async () => {
    await untilWrong(['gateway-api', 'control-plane', 'injector']);
  });

  it('finds nothing that is wrong once they are there', async () => {
    await cluster.kubectl.apply([httpRouteStub], '--server-side');
    for (const program of ['tulle-control-plane', 'tulle-injector']) await pretendReady(cluster, program);
    await untilWrong([]);
  });

  describe.each(singleFaults)('where $what', ({ check: name, says, isFailure, plant, mend }) => {
    it(`says so by ${name}, and by that alone`, async () => {
      await plant(sound);
      try {
        const report = await check();
        const found = wrong(report);
        expect(namesOf(found)).toEqual([name]);
        expect(saidBy(found[0]!)).toMatch(says);
        expect(found[0]!.findings.every(({ hint }) => hint !== '')).toBe(true);
        expect({ ok: report.ok, code: report.code }).toEqual({ ok: !isFailure, code: isFailure ? 1 : 0 });
      } finally {
        await mend(sound);
      }
    });
  });

  it('before an installation, says that there is one already, and where', async () => {
    expect(wrong(await check('--pre'))).toMatchObject([{ name: 'other-installation', level: 'warn' }]);
    const elsewhere = await check('--pre', '--namespace', 'another');
    expect(elsewhere).toMatchObject({ ok: false, code: 1 });
    expect(JSON.stringify(wrong(elsewhere))).toContain('there is a Tulle already, in namespace tulle-system');
  });

  it('before an installation, says what whoever asks may not do', async () => {
    const token = await cluster.kubectl.must(['create', 'token', 'default', '-n', namespace]);
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

  it('finds every fault where many were planted, and says what to do about it', async () => {
    await cluster.kubectl.apply([
      peerAuthentication('first', namespace, 'STRICT'),
      peerAuthentication('second', namespace, 'DISABLE'),
    ]);
    await sound.untilRefused('second');
    // A pod whose sidecar never gets ready, as there is no node.
    await cluster.kubectl.must(['run', 'unready', '--image=app', '-n', namespace]);
    await sound.killPrograms();
    for (const { plant } of plantedFaults) await plant(cluster.kubectl, { meshNamespace });
    const { code, checks } = await check();
    expect(code).toBe(1);
    for (const { check: name, message } of plantedFaults) {
      const result = checks.find((each) => each.name === name);
      expect([name, result && saidBy(result)]).toEqual([name, expect.stringMatching(message)]);
      for (const { hint } of result!.findings) expect(hint).not.toBe('');
    }
    expect(plantedFaults.length).toBeGreaterThanOrEqual(10);
  });
});
