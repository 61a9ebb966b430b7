import type { Cluster } from './cluster/cluster.ts';
import type { Manifest } from './mesh/manifests.ts';

/** One workload of each kind that makes pods, with what pods of theirs may have to get along with. */

const app = { name: 'app', image: 'app', ports: [{ name: 'http', containerPort: 8_080 }] };
const logging = { name: 'logging', image: 'logging', restartPolicy: 'Always' };
const migrate = { name: 'migrate', image: 'migrate' };

/** With an init container, another's native sidecar and another's ordinary one. */
const crowdedSpec = {
  initContainers: [logging, migrate],
  containers: [app, { name: 'proxy-of-another', image: 'proxy' }],
  volumes: [{ name: 'scratch', emptyDir: {} }],
};

export interface WorkloadSpec {
  readonly name: string;
  readonly manifest: object;
  /** Names of the containers that its author wrote, in order. */
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
}

export function workloads(namespace: string): readonly WorkloadSpec[] {
  const names = { initContainers: [], containers: ['app'] };
  const selected = (name: string, spec: object, podSpec: object = { containers: [app] }) => ({
    metadata: { name, namespace },
    spec: { ...spec, selector: { matchLabels: { app: name } }, template: template(name, podSpec) },
  });
  const once = { containers: [app], restartPolicy: 'Never' };
  const job = (name: string) => ({ spec: { template: template(name, once) } });
  return [
    {
      name: 'deployment',
      manifest: { apiVersion: 'apps/v1', kind: 'Deployment', ...selected('deployment', { replicas: 1 }) },
      ...names,
    },
    {
      name: 'crowded',
      manifest: { apiVersion: 'apps/v1', kind: 'Deployment', ...selected('crowded', {}, crowdedSpec) },
      initContainers: ['logging', 'migrate'],
      containers: ['app', 'proxy-of-another'],
    },
    {
      name: 'statefulset',
      manifest: {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        ...selected('statefulset', { serviceName: 'statefulset' }),
      },
      ...names,
    },
    {
      name: 'daemonset',
      manifest: { apiVersion: 'apps/v1', kind: 'DaemonSet', ...selected('daemonset', {}) },
      ...names,
    },
    {
      name: 'job',
      manifest: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job', namespace }, ...job('job') },
      ...names,
    },
    {
      name: 'cronjob',
      manifest: {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'cronjob', namespace },
        spec: { schedule: '0 0 1 1 *', jobTemplate: job('cronjob') },
      },
      ...names,
    },
  ];
}

/** Applies all of them; where there are no controllers, it makes a pod of each by itself, as they would. */
export async function applyWorkloads({ kubectl, hasControllers }: Cluster, namespace: string): Promise<void> {
  const manifests = workloads(namespace).map(({ manifest }) => manifest as Manifest);
  await kubectl.apply(manifests);
  if (hasControllers) {
    await kubectl.must(['create', 'job', 'cronjob-1', '--from=cronjob/cronjob', '-n', namespace]);
    return;
  }
  const pods = manifests.map(({ metadata, spec }) => {
    const { template: made } = spec.jobTemplate?.spec ?? spec;
    const own = { name: `${metadata.name}-0`, namespace, ...made.metadata };
    return { apiVersion: 'v1', kind: 'Pod', metadata: own, spec: made.spec };
  });
  await kubectl.apply(pods);
}

/** For the pods of a DaemonSet. */
export const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } };

function template(name: string, spec: object): object {
  return { metadata: { labels: { app: name } }, spec };
}
