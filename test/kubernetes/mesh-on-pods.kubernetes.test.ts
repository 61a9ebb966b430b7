/**
 * The whole mesh with real pods, in the order of a life: installed, given a namespace, used, hurt, taken away. One
 * cluster serves all of it, so each test leaves the shop as the next one finds it.
 */
import { eventually } from '@tulle/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterPace, type KubernetesObject } from './src/kubectl.ts';
import {
  applyWeights,
  bookshopNamespace,
  conditionOf,
  deployments,
  eventuallyReady,
  openBookshop,
  podsOf,
  rolledOut,
} from './src/pods/bookshop.ts';
import { answeredOf, inboundRequests, sidecarOf } from './src/pods/injected-pods.ts';
import { processesWith } from './src/pods/node-processes.ts';
import { capturePackets, whyNoCapture } from './src/pods/packet-capture.ts';
import { PodsMesh } from './src/pods/pods-mesh.ts';
import { Readers, underWay } from './src/pods/readers.ts';
import { failingProbes, unwellPods } from './src/pods/unwell-pods.ts';
import { Visitor } from './src/pods/visitor.ts';
import { describeCluster } from './src/requirements.ts';

const catalogPage = 'http://catalog.bookshop/books';
/** The label `app` of each service's pods, and how many there are. */
const shop = [
  ['web', 1],
  ['orders', 1],
  ['reviews', 1],
  ['catalog', 3],
] as const;
/** In every answer of the catalog. */
const bookTitle = 'Nets, Knots and Meshes';

describeCluster('pods', 'a mesh on real pods', () => {
  let mesh: PodsMesh;
  let readers: Readers;
  let visitor: Visitor;

  beforeAll(async () => {
    mesh = await PodsMesh.open();
  });

  afterAll(async () => {
    if (mesh?.cluster.isGiven) await mesh.kubectl.delete(`namespace/${bookshopNamespace}`);
    if (mesh?.cluster.isGiven) await visitor?.stop();
    await mesh?.[Symbol.asyncDispose]();
  });

  it('is installed by what tulle install writes, and tulle check finds no fault before or after', async () => {
    await mesh.tulle('check', '--pre');
    await mesh.install();
    await mesh.tulle('check');
  });

  it('takes in every pod of a labelled namespace, whose manifests know nothing of it', async () => {
    const { kubectl } = mesh;
    await openBookshop(kubectl);
    const pods = (await Promise.all(shop.map(([app, count]) => eventuallyReady(kubectl, app, count)))).flat();
    for (const pod of pods) {
      const sidecar = sidecarOf(pod);
      expect(sidecar).toMatchObject({ image: 'tulle.dev/sidecar:0.1.0', restartPolicy: 'Always' });
      expect(pod.status.containerStatuses.every(({ ready }: { ready: boolean }) => ready)).toBe(true);
    }
    readers = await Readers.start(kubectl, {
      name: 'readers',
      perSecond: 50,
      targets: ['catalog/books', 'web/'],
    });
  });

  it('lets a Job end', async () => {
    const complete = [
      'wait',
      'job/inventory',
      '-n',
      bookshopNamespace,
      '--for=condition=complete',
      '--timeout=50s',
    ];
    await mesh.kubectl.must(complete);
  });

  it('carries requests by mutual TLS, by which both sides know each other', async () => {
    const account = (name: string) => `spiffe://cluster.local/ns/${bookshopNamespace}/sa/${name}`;
    await eventually(async () => {
      const orders = await answeredOf(mesh.kubectl, 'orders');
      expect([...orders.callers]).toEqual([account('web')]);
      expect([...orders.called]).toEqual([account('catalog')]);
    }, clusterPace);
    const web = await answeredOf(mesh.kubectl, 'web');
    expect([...web.called].sort()).toEqual(['catalog', 'orders', 'reviews'].map(account));
    expect(web.calledPlain).toEqual([]);
  });

  it('shows no plaintext on the bridge between pods, where what an outside pod sends is seen', async (context) => {
    visitor = await Visitor.start(mesh.kubectl);
    const { nodePid } = mesh.cluster;
    const reason = whyNoCapture(nodePid);
    if (reason !== null) return context.skip(reason);
    const inside = await capturePackets(nodePid!, async ({ seen }) => {
      const { ok } = await readers.counts();
      await readers.until((counts) => counts.ok >= ok + 100);
      await eventually(async () => expect((await seen()).tlsRecords).toBeGreaterThan(100), clusterPace);
    });
    expect(inside.has(bookTitle)).toBe(false);
    expect(inside.has('GET /books')).toBe(false);
    await capturePackets(nodePid!, async ({ seen }) => {
      expect((await visitor.visit(catalogPage)).text).toContain(bookTitle);
      await eventually(async () => expect((await seen()).has(bookTitle)).toBe(true), clusterPace);
    });
  });

  it('is reached from outside while it is PERMISSIVE, and refuses plaintext when it is STRICT', async () => {
    const { kubectl } = mesh;
    expect(await visitor.visit(catalogPage)).toMatchObject({ status: 200 });
    const policy = {
      apiVersion: 'tulle.dev/v1alpha1',
      kind: 'PeerAuthentication',
      metadata: { name: 'bookshop', namespace: bookshopNamespace },
      spec: { mtls: { mode: 'STRICT' } },
    };
    await kubectl.apply([policy]);
    await eventually(
      async () => expect(await visitor.visit(catalogPage)).not.toMatchObject({ status: 200 }),
      clusterPace,
    );
    const { failed, ok } = await readers.counts();
    // Long enough for every probe of the pods to come by more than once.
    const later = await readers.until((counts) => counts.ok >= ok + 250);
    expect(later.failed).toBe(failed);
    for (const pod of await podsOf(kubectl, 'catalog')) expect(conditionOf(pod, 'Ready')).toBe('True');
    await kubectl.delete('peerauthentication/bookshop', bookshopNamespace);
    await eventually(
      async () => expect(await visitor.visit(catalogPage)).toMatchObject({ status: 200 }),
      clusterPace,
    );
  });

  it('shifts traffic within a second of kubectl apply', async () => {
    const appliedMs = await applyWeights(mesh.kubectl, 0, 100);
    const { ok } = await readers.counts();
    await readers.until((counts) => counts.ok >= ok + 150);
    const lines = (await readers.lines(appliedMs)).filter(({ atMs }) => atMs >= appliedMs + 1_000);
    const [first, last] = [lines[0]!, lines.at(-1)!];
    expect(last.versions.v2!).toBeGreaterThan(first.versions.v2!);
    expect(last.versions.v1).toBe(first.versions.v1);
    await applyWeights(mesh.kubectl, 50, 50);
  });

  it('leads probes of every kind to the application, and lets those fail that should', async () => {
    const { kubectl } = mesh;
    for (const [app] of shop) {
      for (const pod of await podsOf(kubectl, app)) {
        expect(conditionOf(pod, 'Ready')).toBe('True');
        for (const { restartCount } of pod.status.containerStatuses) expect(restartCount).toBe(0);
      }
    }
    await kubectl.apply(unwellPods);
    await eventually(
      async () => expect(await failingProbes(kubectl)).toEqual(['unwell-grpc', 'unwell-http', 'unwell-tcp']),
      {
        ...clusterPace,
        timeoutMs: 60_000,
      },
    );
    for (const pod of await podsOf(kubectl, 'unwell')) expect(conditionOf(pod, 'Ready')).toBe('False');
    await kubectl.must([
      'delete',
      'pods',
      '-l',
      'app=unwell',
      '-n',
      bookshopNamespace,
      '--grace-period=1',
      '--wait=false',
    ]);
  });

  it('loses no request while every deployment is restarted under 500 requests a second', async () => {
    const { kubectl } = mesh;
    // Of 500 requests a second the mesh carries 780: a page of the web is six, and this machine runs the cluster, too.
    const targets = [
      ...Array.from({ length: 5 }, () => ['catalog/books', 'catalog/books/1']).flat(),
      ...['catalog/books', 'reviews/', 'reviews/?book=2', 'reviews/', 'orders/', 'web/'],
    ];
    const crowd = await Readers.start(kubectl, { name: 'crowd', perSecond: 500, targets });
    // Programs that have just started are slow: what piled up meanwhile would time out in the rollout.
    const before = await crowd.until((counts) => counts.ok > 2_000 && underWay(counts) < 250, 120_000);
    await kubectl.must(['rollout', 'restart', 'deployment', '-n', bookshopNamespace]);
    await rolledOut(kubectl, deployments);
    // Old pods are still ending.
    for (const [app, count] of shop) await eventuallyReady(kubectl, app, count);
    const after = await crowd.until(
      (counts) => counts.sent > before.sent + 2_000 && underWay(counts) < 250,
      90_000,
    );
    await crowd.stop();
    const seconds = (after.atMs - before.atMs) / 1_000;
    expect((after.sent - before.sent) / seconds).toBeGreaterThan(450);
    expect(after.failures).toEqual(before.failures);
    expect(after.failed).toBe(before.failed);
  }, 300_000);

  it('goes on when a pod is deleted by force, and loses at most what was under way there', async () => {
    const [victim] = await podsOf(mesh.kubectl, 'catalog,version=v1');
    const { failed } = await readers.counts();
    const force = ['--force', '--grace-period=0', '--wait=false'];
    await mesh.kubectl.must(['delete', 'pod', victim!.metadata.name, '-n', bookshopNamespace, ...force]);
    await eventuallyReady(mesh.kubectl, 'catalog,version=v1', 2);
    const settled = await readers.counts();
    expect(settled.failed - failed).toBeLessThanOrEqual(5);
    const later = await readers.until(({ ok }) => ok >= settled.ok + 150);
    expect(later.failed).toBe(settled.failed);
  });

  it('goes on when a sidecar is killed, which kubelet starts again', async (context) => {
    if (mesh.cluster.nodePid === null) return context.skip('the processes are on a node elsewhere');
    const [victim] = await podsOf(mesh.kubectl, 'catalog,version=v1');
    const name = victim!.metadata.name;
    const { failed } = await readers.counts();
    const [pid] = processesWith('TULLE_WORKLOAD', `${bookshopNamespace}/${name}`);
    process.kill(pid!, 'SIGKILL');
    const restarted = (pod: KubernetesObject) =>
      pod.status.initContainerStatuses.some(
        ({ name: container, restartCount, ready }: { name: string; restartCount: number; ready: boolean }) =>
          container === 'tulle-sidecar' && restartCount === 1 && ready,
      );
    await eventually(async () => {
      expect(restarted(await mesh.kubectl.get(`pod/${name}`, bookshopNamespace))).toBe(true);
    }, clusterPace);
    await eventuallyReady(mesh.kubectl, 'catalog,version=v1', 2);
    const settled = await readers.counts();
    expect(settled.failed - failed).toBeLessThanOrEqual(5);
    const later = await readers.until(({ ok }) => ok >= settled.ok + 150);
    expect(later.failed).toBe(settled.failed);
  });

  it('goes on for a minute without a control plane, and takes a pod in that is started after it is back', async () => {
    const { kubectl } = mesh;
    await mesh.scaleControlPlane(0);
    const before = await readers.counts();
    const during = await readers.until(({ atMs }) => atMs >= before.atMs + 60_000, 90_000);
    expect(during.failed).toBe(before.failed);
    await mesh.scaleControlPlane(2);
    await kubectl.must(['scale', 'deployment/reviews', '-n', bookshopNamespace, '--replicas=2']);
    const pods = await eventuallyReady(kubectl, 'reviews', 2);
    const { ok, failed } = await readers.counts();
    expect((await readers.until((counts) => counts.ok >= ok + 100)).failed).toBe(failed);
    await eventually(async () => {
      for (const { metadata } of pods)
        expect(await inboundRequests(kubectl, metadata.name)).toBeGreaterThan(0);
    }, clusterPace);
    await kubectl.must(['scale', 'deployment/reviews', '-n', bookshopNamespace, '--replicas=1']);
  }, 240_000);

  it('lets the Jobs of a CronJob end', async () => {
    const succeeded = async () => {
      const { status } = await mesh.kubectl.get('cronjob/inventory', bookshopNamespace);
      expect(status.lastSuccessfulTime).toBeDefined();
    };
    await eventually(succeeded, { timeoutMs: 90_000, intervalMs: 500 });
  });

  it('leaves no trace when it is uninstalled, and the shop goes on without it', async () => {
    const { kubectl } = mesh;
    await readers.stop();
    await kubectl.must(['label', 'namespace', bookshopNamespace, 'tulle.dev/inject-']);
    await kubectl.must(['rollout', 'restart', 'deployment', '-n', bookshopNamespace]);
    await rolledOut(kubectl, deployments);
    await mesh.uninstall();
    expect(await mesh.traces()).toEqual([]);
    const { status } = await kubectl.get('httproute/catalog', bookshopNamespace);
    expect(JSON.stringify(status)).not.toContain('tulle');
    for (const [app, count] of shop) {
      for (const pod of await eventuallyReady(kubectl, app, count)) expect(sidecarOf(pod)).toBeUndefined();
    }
    expect(await visitor.visit('http://web.bookshop/')).toMatchObject({ status: 200 });
  }, 180_000);
});
