import type { ManifestNode } from '../manifest-node.ts';

interface OwnedPod {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** What a controller adds to the names of its ReplicaSets, as their pods' labels tell it. */
const templateHashes = ['pod-template-hash', 'rollouts-pod-template-hash'];
/** For pods that nobody owns. */
const nameLabels = ['app.kubernetes.io/name', 'app'];
/** A CronJob names its Jobs for the minute that they are due. */
const scheduledJob = /^(.+)-\d{8,10}$/;
const maxReferences = 64;

/**
 * What made the pod: the name of its Deployment, StatefulSet, DaemonSet, CronJob ...; else what its labels
 * call it; else its own name. A label for people and metrics, of which nothing else may depend.
 */
export function readPodOwner(metadata: ManifestNode, pod: OwnedPod): string {
  const references = metadata.field('ownerReferences').items({ max: maxReferences });
  const controller = references.find((reference) => reference.field('controller').value === true);
  const kind = controller?.field('kind').optionalText() ?? '';
  const name = controller?.field('name').optionalText() ?? '';
  // A static pod is its node's.
  if (name !== '' && kind !== 'Node') return nameOfOwner(kind, name, pod.labels);
  for (const label of nameLabels) {
    const value = pod.labels.get(label) ?? '';
    if (value !== '') return value;
  }
  return pod.name;
}

function nameOfOwner(kind: string, name: string, labels: OwnedPod['labels']): string {
  if (kind === 'Job') return scheduledJob.exec(name)?.[1] ?? name;
  if (kind !== 'ReplicaSet') return name;
  for (const label of templateHashes) {
    const suffix = `-${labels.get(label) ?? ''}`;
    if (suffix.length > 1 && name.length > suffix.length && name.endsWith(suffix)) {
      return name.slice(0, -suffix.length);
    }
  }
  return name;
}
