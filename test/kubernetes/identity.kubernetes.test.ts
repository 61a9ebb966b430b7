import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiServerCluster } from './src/cluster/api-server-cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { askForCertificate } from './src/mesh/ask-for-certificate.ts';
import { startBareSidecar } from './src/mesh/bare-sidecar.ts';
import { expiredToken } from './src/mesh/expired-token.ts';
import { InstalledMesh, type LocalProgram } from './src/mesh/installed-mesh.ts';
import { meshNamespace } from './src/mesh/manifests.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';

const spiffeId = 'spiffe://cluster.local/ns/identity/sa/default';

describeCluster('own-api-server', 'identity on Kubernetes', () => {
  let cluster: ApiServerCluster;
  let mesh: InstalledMesh;
  let replicas: readonly [LocalProgram, LocalProgram];
  const namespace = 'identity';

  beforeAll(async () => {
    cluster = await startApiServer();
    mesh = await InstalledMesh.install(cluster);
    await mesh.createNamespace(namespace);
    replicas = await Promise.all([
      mesh.startControlPlane('control-plane-0'),
      mesh.startControlPlane('control-plane-1'),
    ]);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  const createPod = async (name: string) => {
    const spec = { containers: [{ name: 'app', image: 'app' }] };
    await mesh.kubectl.apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec }]);
  };
  const deletePod = (name: string) =>
    mesh.kubectl.must(['delete', 'pod', name, '-n', namespace, '--force', '--grace-period=0']);
  const tokenOf = async (...options: readonly string[]) =>
    (await mesh.kubectl.must(['create', 'token', 'default', '-n', namespace, ...options])).trim();
  const tokenOfPod = (name: string) =>
    tokenOf('--audience=tulle', '--bound-object-kind=Pod', `--bound-object-name=${name}`);
  const ask = (token: string, replica = 0) =>
    askForCertificate(mesh, replicas[replica]!, { workload: `${namespace}/web-1`, token });
  const authorityOf = async (replica: LocalProgram) => {
    const { authority } = JSON.parse(await replica.page('/config_dump'));
    return authority.certificates.map(({ sha256 }: { sha256: string }) => sha256);
  };
  const storeFaults = async (replica: LocalProgram) =>
    /^tulle_authority_store_faults (\d)$/m.exec(await replica.page('/metrics'))?.[1];

  it('is one authority, however many control planes start at the same time', async () => {
    const [first, second] = await Promise.all(replicas.map(authorityOf));
    expect(first).toHaveLength(2);
    expect(second).toEqual(first);
    const created = replicas.flatMap(({ process }) =>
      process.log.filter(({ msg }) => msg === 'certificate authority created'),
    );
    expect(created).toHaveLength(1);
    const { type } = await mesh.kubectl.get('secret/tulle-authority', meshNamespace);
    expect(type).toBe('tulle.dev/authority');
  });

  it('is given for a token that is bound to a pod, by each control plane', async () => {
    await createPod('web-1');
    expect(await ask(await tokenOfPod('web-1'))).toEqual({ kind: 'certificate', spiffeId });
    expect(await ask(await tokenOfPod('web-1'), 1)).toEqual({ kind: 'certificate', spiffeId });
    const issued = await replicas[0].process.waitForLog('certificate issued');
    const { metadata } = await mesh.kubectl.get('pod/web-1', namespace);
    expect(issued).toMatchObject({ identity: spiffeId, pod: 'web-1', podUid: metadata.uid });
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['for another audience', () => tokenOf(), /does not accept the token: .*audiences/],
    [
      'that is bound to nothing',
      () => tokenOf('--audience=tulle'),
      /is not bound to a pod: mount a projected/,
    ],
    [
      'of a pod that has been deleted',
      async () => {
        await createPod('gone');
        const token = await tokenOfPod('gone');
        await deletePod('gone');
        return token;
      },
      /does not accept the token: .*invalidated/,
    ],
    [
      'of an earlier pod of the same name',
      async () => {
        await createPod('again');
        const token = await tokenOfPod('again');
        await deletePod('again');
        await createPod('again');
        return token;
      },
      /does not accept the token: .*pod UID/,
    ],
    [
      'that has ended',
      async () => expiredToken(cluster, await tokenOfPod('web-1')),
      /does not accept the token: .*expired/,
    ],
    ['that is none', async () => 'a'.repeat(40), /does not accept the token/],
  ])('is refused for a token %s', async (_case, makeToken, reason) => {
    const token = await makeToken();
    expect(await ask(token)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect(JSON.stringify(replicas[0].process.log)).not.toContain(token);
  });

  it('is for the pods of its account alone: a stream that names another is served when there is one', async () => {
    const pod = ['twice-1', '-n', namespace] as const;
    // Labelled afterwards: there is no injector here to make it with.
    const meshedPod = async (serviceAccountName: string) => {
      const containers = ['app', 'tulle-sidecar'].map((name) => ({ name, image: 'app' }));
      const spec = { serviceAccountName, containers };
      await mesh.kubectl.apply([
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod[0], namespace }, spec },
      ]);
      await mesh.kubectl.must(['label', 'pod', ...pod, 'tulle.dev/inject=enabled']);
      const status = JSON.stringify({ status: { podIP: '10.9.9.9', podIPs: [{ ip: '10.9.9.9' }] } });
      await mesh.kubectl.must(['patch', 'pod', ...pod, '--subresource=status', '--type=merge', '-p', status]);
    };
    const isKnown = async () => {
      const { config } = JSON.parse(await replicas[0].page('/config_dump'));
      const name = `${namespace}/twice-1`;
      expect(config.snapshot.resources).toContainEqual(expect.objectContaining({ kind: 'workload', name }));
    };
    await mesh.kubectl.must(['create', 'serviceaccount', 'orders', '-n', namespace]);
    await meshedPod('orders');
    await eventually(isKnown, clusterPace);
    await createPod('other-1');
    const token = await tokenOfPod('other-1');
    await using sidecar = await startBareSidecar(mesh, replicas[0], {
      workload: `${namespace}/twice-1`,
      token,
    });
    const refused = await sidecar.waitForLog(({ reason }) => String(reason).includes('PERMISSION_DENIED'));
    expect(refused.reason).toContain(
      'node identity/twice-1 is a pod of service account orders, and the certificate is one of default',
    );
    await deletePod('twice-1');
    await meshedPod('default');
    await eventually(async () => {
      const { proxies } = JSON.parse(await replicas[0].page('/config_dump'));
      const type = expect.objectContaining({ kind: 'workload', acked: expect.anything() });
      const proxy = { node: `${namespace}/twice-1`, types: expect.arrayContaining([type]) };
      expect(proxies).toContainEqual(expect.objectContaining(proxy));
    }, clusterPace);
  });

  it('goes on when the Secret is deleted, and takes it back', async () => {
    const before = await authorityOf(replicas[0]);
    const { metadata, ...secret } = await mesh.kubectl.get('secret/tulle-authority', meshNamespace);
    await mesh.kubectl.must(['delete', 'secret', 'tulle-authority', '-n', meshNamespace]);
    const faultsOfAll = async () => Promise.all(replicas.map(storeFaults));
    await eventually(async () => expect(await faultsOfAll()).toEqual(['1', '1']), clusterPace);
    expect(await ask(await tokenOfPod('web-1'))).toEqual({ kind: 'certificate', spiffeId });
    await expect(mesh.startControlPlane('control-plane-2')).rejects.toThrow(
      /restore the Secret from a backup/,
    );
    const { name, labels } = metadata;
    await mesh.kubectl.apply([{ ...secret, metadata: { name, namespace: meshNamespace, labels } }]);
    await eventually(async () => expect(await faultsOfAll()).toEqual(['0', '0']), clusterPace);
    expect(await Promise.all(replicas.map(authorityOf))).toEqual([before, before]);
  });

  it('goes on when the Secret is spoilt, and says what is wrong with it', async () => {
    const key = 'intermediate-with-key.pem';
    const { data } = await mesh.kubectl.get('secret/tulle-authority', meshNamespace);
    const set = (value: string) => {
      const patch = JSON.stringify({ data: { [key]: value } });
      return mesh.kubectl.must(['patch', 'secret', 'tulle-authority', '-n', meshNamespace, '-p', patch]);
    };
    await set(Buffer.from('nonsense').toString('base64'));
    const line = await replicas[1].process.waitForLog(
      ({ msg, reason }) =>
        msg === 'stored authority not taken, the one that was loaded stays' && String(reason).includes(key),
    );
    expect(line.reason).toMatch(/intermediate-with-key.pem does not hold a certificate and a private key/);
    expect(await ask(await tokenOfPod('web-1'), 1)).toEqual({ kind: 'certificate', spiffeId });
    await set(data[key]);
    await eventually(async () => expect(await storeFaults(replicas[1])).toBe('0'), clusterPace);
  });
});
