import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { meshNamespace, runTulle } from './src/mesh/manifests.ts';
import { peerAuthentication } from './src/mesh/resources.ts';
import { plantedFaults } from './src/planted-faults.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

interface CheckResult {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly findings: readonly { readonly message: string; readonly hint: string }[];
}

const meshed = 'meshed';

describeCluster('api-server', '`tulle check`', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let controlPlane: LocalProgram;
  let injector: LocalProgram;

  const check = async (...args: readonly string[]) => {
    const { kubeconfig } = cluster.kubectl;
    const { code, stdout, stderr } = await runTulle(['check', '--json', ...args], { kubeconfig });
    expect(stderr).toBe('');
    const { checks } = JSON.parse(stdout) as { checks: readonly CheckResult[] };
    return { code, results: new Map(checks.map((result) => [result.name, result])) };
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    [controlPlane, injector] = await Promise.all([
      mesh.startControlPlane('control-plane-0'),
      mesh.startInjector(),
    ]);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('finds nothing that is wrong, but that there are no pods and no Gateway API here', async () => {
    await mesh.createNamespace(meshed, { 'tulle.dev/inject': 'enabled' });
    // Leaders are found within seconds.
    await eventually(async () => {
      const { results } = await check();
      const wrong = [...results.values()].filter(({ level }) => level !== 'ok').map(({ name }) => name);
      expect(wrong).toEqual(['gateway-api', 'control-plane', 'injector']);
    }, clusterPace);
  });

  it('finds before an installation that there is one', async () => {
    const { results } = await check('--pre');
    expect(results.get('other-installation')).toMatchObject({ level: 'warn' });
  });

  it('finds every fault that was planted, and says what to do about it', async () => {
    await cluster.kubectl.apply([
      peerAuthentication('first', meshed, 'STRICT'),
      peerAuthentication('second', meshed, 'DISABLE'),
    ]);
    await eventually(async () => {
      const { status } = await cluster.kubectl.get('peerauthentication/second', meshed);
      expect(status?.conditions).toBeDefined();
    }, clusterPace);
    // A pod whose sidecar never gets ready, as there is no node.
    await cluster.kubectl.must(['run', 'unready', '--image=app', '-n', meshed]);
    for (const { process } of [controlPlane, injector]) {
      process.kill('SIGKILL');
      await process.waitForExit();
    }
    for (const { plant } of plantedFaults) await plant(cluster.kubectl, { meshed, meshNamespace });
    const { code, results } = await check();
    expect(code).toBe(1);
    for (const { check: name, message } of plantedFaults) {
      const findings = results.get(name)?.findings ?? [];
      expect([name, findings.map((finding) => finding.message).join('\n')]).toEqual([
        name,
        expect.stringMatching(message),
      ]);
      for (const { hint } of findings) expect(hint).not.toBe('');
    }
    expect(plantedFaults.length).toBeGreaterThanOrEqual(10);
  });
});
