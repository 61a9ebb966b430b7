import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { invalidResources, resourceYaml } from './src/invalid-resources.ts';
import { invalidSettings, settingObject } from './src/invalid-settings.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { runTulle } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

const namespace = 'meshed';
const everyResource = invalidResources.map((resource) => resourceYaml(resource, namespace)).join('---\n');

describeCluster('api-server', 'kubectl apply refuses', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let injector: LocalProgram;

  /** What kubectl says of an object that is to be refused. */
  const refusal = async (manifest: string) => {
    const { code, stderr } = await cluster.kubectl.run(['apply', '-f', '-'], manifest);
    expect(code).toBe(1);
    return stderr;
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    [, injector] = await Promise.all([mesh.startControlPlane('control-plane-0'), mesh.startInjector()]);
    await mesh.createNamespace(namespace, { 'tulle.dev/inject': 'enabled' });
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('at least forty of them', () => {
    expect(invalidResources.length + invalidSettings.length).toBeGreaterThanOrEqual(40);
  });

  it.each(invalidResources)('$kind $spec: $refusals', async (resource) => {
    const said = await refusal(resourceYaml(resource, namespace));
    for (const reason of resource.refusals) expect(said).toContain(reason);
  });

  it('resources in the words of `tulle validate`', async () => {
    const directory = join(mesh.directory.path, 'invalid');
    await mkdir(directory);
    await writeFile(join(directory, 'all.yaml'), everyResource);
    const { code, stdout } = await runTulle(['validate', directory]);
    expect(code).toBe(1);
    invalidResources.forEach(({ refusals }, i) => {
      for (const reason of refusals) expect(stdout).toContain(`(document ${i + 1}): ${reason}\n`);
    });
  });

  it.each(invalidSettings)('$on with $key: $value', async (setting) => {
    const said = await refusal(JSON.stringify(settingObject(setting, namespace)));
    expect(said).toContain(setting.refusal);
  });

  it('by the schema alone while there is no injector', async () => {
    injector.process.kill('SIGKILL');
    await injector.process.waitForExit();
    const bySchema = invalidResources.filter(({ isBeyondSchema }) => isBeyondSchema !== true);
    const manifest = bySchema.map((resource) => resourceYaml(resource, namespace)).join('---\n');
    const { code, stdout } = await cluster.kubectl.run(['create', '--dry-run=server', '-f', '-'], manifest);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});
