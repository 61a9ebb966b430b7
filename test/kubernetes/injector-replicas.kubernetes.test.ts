import { connect } from 'node:tls';
import { eventually, freeLoopbackAddress } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cluster } from './src/cluster/cluster.ts';
import { clusterPace } from './src/kubectl.ts';
import { InstalledMesh, injectorPort } from './src/mesh/installed-mesh.ts';
import { type Manifest, meshNamespace } from './src/mesh/manifests.ts';
import { describeCluster, openApiServer } from './src/requirements.ts';

const secretName = 'secret/tulle-injector-certificate';

/** What a replica serves, as PEM without its frame. */
function servedBy(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: injectorPort, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()!.raw.toString('base64'));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describeCluster('api-server', 'several injectors', () => {
  let cluster: Cluster;
  let mesh: InstalledMesh;
  let addresses: readonly string[];

  const stored = async () => {
    const { data } = await cluster.kubectl.get(secretName, meshNamespace);
    const pem = Buffer.from(data['tls.crt'], 'base64').toString();
    return { authorities: data['ca.crt'] as string, leaf: pem.replace(/-----[A-Z ]+-----|\s/g, '') };
  };
  const agreed = async () => {
    const { authorities, leaf } = await stored();
    expect(await Promise.all(addresses.map(servedBy))).toEqual(addresses.map(() => leaf));
    for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
      const { webhooks } = await cluster.kubectl.get(`${kind}/tulle-injector`);
      for (const { clientConfig } of webhooks as Manifest[]) expect(clientConfig.caBundle).toBe(authorities);
    }
    return authorities;
  };

  beforeAll(async () => {
    cluster = await openApiServer();
    mesh = await InstalledMesh.install(cluster);
    const more = [freeLoopbackAddress(), freeLoopbackAddress()];
    // At once: each finds that there is no certificate.
    const started = await Promise.all([
      mesh.startInjector(),
      ...more.map((address, i) => mesh.startInjector(`injector-${i + 1}`, address)),
      mesh.startControlPlane('control-plane-0'),
    ]);
    addresses = started.slice(0, -1).map(({ address }) => address);
  });

  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('agree on one certificate, and on another when theirs is taken away', async () => {
    const first = await eventually(agreed, clusterPace);
    await cluster.kubectl.delete(secretName, meshNamespace);
    await eventually(async () => expect(await agreed()).not.toBe(first), clusterPace);
  });
});
