/**
 * How long the control plane's loop is taken (CPU time) by one change of a mesh of 1,000 services and 10,000 pods, from the
 * parsed object to the snapshot: `node benchmarks/micro/config-update.ts [services] [pods each] [rounds]`.
 */
import { type EndpointSlice, type KubernetesKind, objectKey, type Pod } from '@tulle/api';
import { silentLogger } from '@tulle/runtime';
import { SnapshotStore } from '../../packages/control-plane/src/snapshot/snapshot-store.ts';
import type { ResourceSet } from '../../packages/control-plane/src/sources/resource-set.ts';
import { Translator } from '../../packages/control-plane/src/translate/translator.ts';
import { meshOfSize, parsed, podManifest, sliceManifest } from './mesh-of-size.ts';

const [services = 1_000, podsEach = 10, rounds = 20] = process.argv.slice(2).map(Number);
const options = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  meshNamespace: 'tulle-system',
};
const trustBundle = { trustDomain: 'cluster.local', rootsPem: ['root'] };

let resources: ResourceSet = meshOfSize({ services, podsEach });
const store = new SnapshotStore({ logger: silentLogger });
const translator = new Translator(options);

const startMs = cpuMs();
update(resources);
console.log(`${services} services, ${services * podsEach} pods`);
console.log(`first update                ${(cpuMs() - startMs).toFixed(1)} ms`);
const inFull: number[] = [];
for (let round = 0; round < 5; round++) {
  const beginMs = cpuMs();
  update(resources, new Translator(options));
  inFull.push(cpuMs() - beginMs);
}
report('in full, nothing kept', inFull);
measure('nothing that is translated', (round) =>
  replace('Node', { ...resources.Node.get('node-0')!, addresses: [`10.0.0.${round}`] }),
);
measure('readiness in one slice', (round) => {
  const i = round % services;
  const pods = [...resources.Pod.values()].filter(({ serviceAccount }) => serviceAccount === `svc-${i}`);
  return replace('EndpointSlice', parsed<EndpointSlice>(sliceManifest(i, pods, new Set([round % podsEach]))));
});
measure("one pod's label", (round) => {
  const manifest = podManifest(round % services, 0);
  const labels = { ...manifest.metadata.labels, round: String(round) };
  return replace('Pod', parsed<Pod>({ ...manifest, metadata: { ...manifest.metadata, labels } }));
});
measure('one pod more, without a service', (round) =>
  replace('Pod', parsed<Pod>(podManifest(5_000 + round, 0))),
);
measure('one route', (round) => {
  const route = resources.HTTPRoute.values().next().value!;
  const [rule] = route.rules;
  const backendRefs = rule!.backendRefs.map((ref) => ({ ...ref, weight: round + 1 }));
  return replace('HTTPRoute', { ...route, rules: [{ ...rule!, backendRefs }] });
});

/** Of this thread: other programs of the machine do not count, nor does garbage collection on other threads. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function update(set: ResourceSet, by = translator): void {
  const { mesh } = by.translate(set);
  store.update(mesh, trustBundle);
}

function replace<K extends KubernetesKind>(kind: K, object: Parameters<typeof objectKey>[0]): ResourceSet {
  return {
    ...resources,
    [kind]: new Map(resources[kind] as ReadonlyMap<string, unknown>).set(objectKey(object), object),
  };
}

function measure(name: string, change: (round: number) => ResourceSet): void {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    resources = change(round);
    const beginMs = cpuMs();
    update(resources);
    times.push(cpuMs() - beginMs);
  }
  report(name, times);
}

function report(name: string, times: number[]): void {
  times.sort((a, b) => a - b);
  const [median, worst] = [times[times.length >> 1]!, times.at(-1)!];
  console.log(
    `${name.padEnd(32)} median ${median.toFixed(1).padStart(7)} ms   worst ${worst.toFixed(1).padStart(7)} ms`,
  );
}
