/**
 * A control plane on a real API server that holds a large mesh: how long it takes until everything has been read, what
 * memory it holds, and how long a change of an EndpointSlice is on its way to a subscribed proxy.
 *
 *     tulle install | kubectl apply --server-side -f -      # kinds and the namespace
 *     node benchmarks/micro/cluster-update.ts KUBECONFIG [services] [pods each] [changes]
 *
 * What is made stays, so that a second run begins at once; take a cluster that may be thrown away.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubernetesClient, resourceTypes } from '@tulle/kubernetes';
import { silentLogger, systemClock } from '@tulle/runtime';
import {
  DiscoveryClient,
  page,
  peakResidentBytes,
  type RunningProcess,
  residentBytes,
  startProcess,
  temporaryDirectory,
} from '@tulle/testkit';
import { typeUrls } from '@tulle/xds';
import {
  type ControlPlaneAddress,
  controlPlaneCredentials,
} from '../../packages/sidecar/src/control-plane-channel.ts';
import { GrpcCertificateSigner } from '../../packages/sidecar/src/identity/certificate-signer.ts';
import { makeKeyAndRequest } from '../../packages/sidecar/src/identity/key-pair.ts';
import { fillCluster, podName, sliceOf } from './fill-cluster.ts';

const [kubeconfig = '', services = '1000', podsEach = '10', changes = '20'] = process.argv.slice(2);
const size = { services: Number(services), podsEach: Number(podsEach) };
const root = join(import.meta.dirname, '../..');
const namespace = 'team-0';
const ports = { discovery: 25_112, admin: 25_114 };

const client = KubernetesClient.load({ kubeconfig, clock: systemClock, logger: silentLogger });
await using directory = await temporaryDirectory('scale');
const fillMs = await elapsed(() => fillCluster(client, size));
console.log(`${size.services} services, ${size.services * size.podsEach} pods; made in ${seconds(fillMs)}`);

await using controlPlane = await startControlPlane();
await controlPlane.waitForReady(`http://127.0.0.1:${ports.admin}/readyz`, 120_000);
const listening = await controlPlane.waitForLog('listening');
const first = await controlPlane.waitForLog('snapshot replaced');
const syncMs = Date.parse(String(first.time)) - Date.parse(String(listening.time));
console.log(
  `everything read ${seconds(syncMs)} after it began, the first translation's ${first.elapsedMs} ms included`,
);
console.log(`CPU until then: ${seconds(await cpuMs(controlPlane))}, its start included`);
await printMemory(controlPlane, 'after the first snapshot');
await measureChanges(controlPlane, Number(changes));
await printMemory(controlPlane, 'after the changes');
console.log(
  (await page(`http://127.0.0.1:${ports.admin}/metrics`)).split('\n').filter(isOfInterest).join('\n'),
);

function startControlPlane(): Promise<RunningProcess> {
  return startProcess({
    name: 'control plane',
    entry: join(root, 'packages/control-plane/src/main.ts'),
    env: {
      TULLE_SOURCE: 'kubernetes',
      TULLE_KUBECONFIG: kubeconfig,
      TULLE_REPLICA: 'scale',
      TULLE_DISCOVERY_HOST: '127.0.0.1',
      TULLE_DISCOVERY_PORT: `${ports.discovery}`,
      TULLE_ADMIN_HOST: '127.0.0.1',
      TULLE_ADMIN_PORT: `${ports.admin}`,
    },
  });
}

async function measureChanges(process: RunningProcess, count: number): Promise<void> {
  const discovery = await openDiscovery();
  const name = `${namespace}/svc-0:80`;
  discovery.subscribe(typeUrls.endpoints, name);
  await discovery.nextAcked(10_000);
  const times: number[] = [];
  for (let change = 0; change < count; change++) {
    const slice = await client.get(resourceTypes.endpointSlices, { namespace, name: 'svc-0-abcde' });
    const next = sliceOf(0, size.podsEach, new Set([change % size.podsEach]));
    const sentMs = performance.now();
    // Counted from before it is sent: the API server's own part is in it.
    const [response] = await Promise.all([
      discovery.next(30_000),
      client.replace(resourceTypes.endpointSlices, {
        ...next,
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...next.metadata, resourceVersion: slice!.metadata.resourceVersion! },
      }),
    ]);
    times.push(performance.now() - sentMs);
    discovery.ack(response);
  }
  discovery.close();
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    `${times[Math.min(Math.floor(times.length * share), times.length - 1)]!.toFixed(0)} ms`;
  console.log(`EndpointSlice to proxy: median ${at(0.5)}, p90 ${at(0.9)}, worst ${at(1)} of ${count}`);
  const updates = process.log.filter(({ msg }) => msg === 'snapshot replaced').slice(-count);
  const took = updates.map(({ elapsedMs }) => Number(elapsedMs)).sort((a, b) => a - b);
  console.log(
    `of which the control plane's update: median ${took[took.length >> 1]} ms, worst ${took.at(-1)} ms`,
  );
}

async function openDiscovery(): Promise<DiscoveryClient> {
  const pod = podName(0, 0);
  const tokenFile = join(directory.path, 'token');
  await writeFile(tokenFile, await createToken(pod), { mode: 0o600 });
  const trust = await client.get(resourceTypes.configMaps, {
    namespace: 'tulle-system',
    name: 'tulle-trust',
  });
  const pem = (trust!.data as Record<string, string>)['root.pem']!;
  const address: ControlPlaneAddress = { target: `localhost:${ports.discovery}`, ca: { kind: 'text', pem } };
  const signer = new GrpcCertificateSigner({
    controlPlane: address,
    tokenFile,
    roots: () => null,
    clock: systemClock,
  });
  const { privateKeyPem, csrDer } = await makeKeyAndRequest();
  const { chainDer } = await signer.sign(csrDer);
  const certificatePem = chainDer.map(toPem).join('');
  const own = { privateKeyPem, certificatePem };
  const credentials = await controlPlaneCredentials(address, { own, bundlePem: null });
  return new DiscoveryClient({
    target: address.target,
    credentials,
    node: `${namespace}/${pod}`,
  });
}

async function createToken(pod: string): Promise<string> {
  const { metadata } = (await client.get(resourceTypes.pods, { namespace, name: pod }))!;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: ['tulle'],
      expirationSeconds: 3_600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid: metadata.uid },
    },
  };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/svc-0/token`;
  const answer = (await client.request({ method: 'POST', path, body })) as { status: { token: string } };
  return answer.status.token;
}

function toPem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/** Of all its threads (proc_pid_stat(5), fields 14 and 15, in ticks of 10 ms). */
async function cpuMs({ pid }: RunningProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function printMemory({ pid }: RunningProcess, when: string): Promise<void> {
  const [now, peak] = [await residentBytes(pid), await peakResidentBytes(pid)];
  console.log(`memory ${when}: ${megabytes(now)}, at most ${megabytes(peak)}`);
}

function isOfInterest(line: string): boolean {
  return /^tulle_(kubernetes_reflector_(objects|restarts|syncs)|config_updates_total|config_update_seconds_(sum|count))/.test(
    line,
  );
}

async function elapsed(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
