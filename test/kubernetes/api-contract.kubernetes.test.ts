import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubernetesClient, resourceTypes } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import { FakeApiServer, temporaryDirectory } from '@tulle/testkit';
import { describe } from 'vitest';
import { type ContractSubject, checkApiContract } from './src/api-contract.ts';
import { describeCluster, startApiServer } from './src/requirements.ts';
import { installThings, removeThings, things } from './src/things.ts';

const common = { clock: systemClock, logger: silentLogger };

describe('the fake API server is as the real one', () => checkApiContract(openFake));

describeCluster('own-api-server', 'the real API server is as the reflector takes it to be', () =>
  checkApiContract(openReal),
);

async function openFake(): Promise<ContractSubject> {
  const fake = await FakeApiServer.start({ serves: [resourceTypes.configMaps] });
  const directory = await temporaryDirectory('contract');
  const kubeconfig = join(directory.path, 'kubeconfig');
  await writeFile(kubeconfig, plainKubeconfig(fake.url.href));
  const client = KubernetesClient.load({ ...common, kubeconfig });
  return {
    client,
    installThings: async () => fake.store.serve(things),
    removeThings: async () => fake.unserve(things),
    forgetPast: async () => fake.store.compact(),
    [Symbol.asyncDispose]: async () => {
      client.close();
      await fake.kill();
      await directory.remove();
    },
  };
}

async function openReal(): Promise<ContractSubject> {
  const cluster = await startApiServer();
  const client = KubernetesClient.load({ ...common, kubeconfig: cluster.kubectl.kubeconfig });
  return {
    client,
    installThings: () => installThings(client),
    removeThings: () => removeThings(client),
    // Its watch cache begins with what it finds when it starts.
    forgetPast: async () => {
      await cluster.killApiServer();
      await cluster.startApiServer();
    },
    [Symbol.asyncDispose]: async () => {
      client.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function plainKubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'fake', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    'current-context': 'fake',
  });
}
