/**
 * Reflectors on a real API server that holds a large cluster: how long until all is synced, what the process takes, and
 * for how long its loop is held up. With nothing but what a mesh keeps of pods, services, slices and namespaces.
 *
 *     node benchmarks/micro/reflector.ts KUBECONFIG [services] [pods each]
 *
 * What is made stays, so that a second run begins at once; take a cluster that may be thrown away.
 */
import { spawnSync } from 'node:child_process';
import {
  KubernetesClient,
  type RawObject,
  Reflector,
  type ResourceType,
  resourceTypes,
} from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import { fillCluster } from './fill-cluster.ts';

const [kubeconfig = '', services = '1000', podsEach = '10', measured = ''] = process.argv.slice(2);
const common = { clock: systemClock, random: Math.random, logger: silentLogger };

if (measured === '') await fill();
else await measure();

/** In a process of its own: what made the objects has memory of its own. */
async function fill(): Promise<void> {
  const client = KubernetesClient.load({ ...common, kubeconfig });
  const size = { services: Number(services), podsEach: Number(podsEach) };
  await fillCluster(client, size);
  client.close();
  console.log(`${size.services} services, ${size.services * size.podsEach} pods`);
  const args = [import.meta.filename, kubeconfig, services, podsEach, 'measured'];
  spawnSync(process.execPath, args, { stdio: 'inherit' });
}

async function measure(): Promise<void> {
  const client = KubernetesClient.load({ ...common, kubeconfig });
  const startRss = megabytes();
  const loop = watchLoop();
  const { pods, services: serviceType, endpointSlices, namespaces } = resourceTypes;
  const reflectors = [pods, serviceType, endpointSlices, namespaces].map(
    (type: ResourceType) => new Reflector({ ...common, client, type, read }),
  );
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  for (const reflector of reflectors) await reflector.start();
  for (const reflector of reflectors) await reflector.synced(120_000);
  const { user, system } = process.cpuUsage(startCpu);
  const tookMs = performance.now() - startMs;
  for (const reflector of reflectors) console.log(`${reflector.name}: ${reflector.objects.size}`);
  console.log(
    `synced after ${(tookMs / 1_000).toFixed(2)} s, ${((user + system) / 1e6).toFixed(2)} s of CPU`,
  );
  const { peakRss, longestMs } = loop.stop();
  console.log(`memory: ${startRss} MB before, ${megabytes()} MB after, at most ${peakRss} MB`);
  console.log(`the loop was held up for at most ${longestMs.toFixed(0)} ms`);
  for (const reflector of reflectors) await reflector.stop();
  client.close();
}

/** Fields as the mesh keeps them, without having to know them. */
function read({ metadata, spec, status, endpoints, ports }: RawObject): object {
  const { name, namespace, uid, labels } = metadata;
  const {
    nodeName,
    serviceAccountName,
    selector,
    clusterIPs,
    ports: servicePorts,
  } = (spec ?? {}) as Record<string, unknown>;
  const { podIPs, conditions } = (status ?? {}) as Record<string, unknown>;
  return {
    name,
    namespace,
    uid,
    labels,
    nodeName,
    serviceAccountName,
    selector,
    clusterIPs,
    servicePorts,
    podIPs,
    conditions,
    endpoints,
    ports,
  };
}

function watchLoop(): { stop(): { readonly peakRss: number; readonly longestMs: number } } {
  let [peakRss, longestMs, lastMs] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    peakRss = Math.max(peakRss, megabytes());
    longestMs = Math.max(longestMs, performance.now() - lastMs - 5);
    lastMs = performance.now();
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return { peakRss, longestMs };
    },
  };
}

function megabytes(): number {
  return Math.round(process.memoryUsage.rss() / 1024 / 1024);
}
