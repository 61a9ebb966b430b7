import { annotations, labels, sidecarContainerName } from '@tulle/api';
import type { RawObject } from '@tulle/kubernetes';
import { Fields } from './fields.ts';

/** What the checks want to know of a pod. */
export interface PodView {
  /** `<namespace>/<name>` */
  readonly key: string;
  readonly namespace: string;
  /** `deployment/web`: what has to be restarted for the pod to be made anew. */
  readonly owner: string;
  /** Null: it has no sidecar. */
  readonly sidecar: SidecarView | null;
  /** Whether its own label says that it is to have none. */
  readonly isOptedOut: boolean;
}

export interface SidecarView {
  readonly version: string;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** Those that run, or are to: not what is finished, being deleted, or on its node's network. */
export function podViews(pods: readonly RawObject[]): readonly PodView[] {
  return pods.filter(isLive).map((pod) => {
    const { namespace = '', name, labels: own = {} } = pod.metadata;
    return {
      key: `${namespace}/${name}`,
      namespace,
      owner: ownerOf(pod),
      sidecar: sidecarOf(pod),
      isOptedOut: own[labels.inject] === 'disabled',
    };
  });
}

function isLive(pod: RawObject): boolean {
  const fields = new Fields(pod);
  const phase = fields.at('status', 'phase').text;
  return (
    pod.metadata.deletionTimestamp === undefined &&
    phase !== 'Succeeded' &&
    phase !== 'Failed' &&
    !fields.at('spec', 'hostNetwork').isTrue
  );
}

function sidecarOf(pod: RawObject): SidecarView | null {
  const fields = new Fields(pod);
  const named = (list: Fields) => list.items.find((item) => item.at('name').text === sidecarContainerName);
  const container = named(fields.at('spec', 'initContainers')) ?? named(fields.at('spec', 'containers'));
  if (container === undefined) return null;
  const status = fields.at('status');
  const state = named(status.at('initContainerStatuses')) ?? named(status.at('containerStatuses'));
  return {
    version: pod.metadata.annotations?.[annotations.injected] ?? '',
    isReady: state?.at('ready').isTrue ?? false,
    restarts: state?.at('restartCount').number ?? 0,
  };
}

function ownerOf({ metadata }: RawObject): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return `pod/${metadata.name}`;
  // A Deployment's pods belong to a ReplicaSet of its name and a hash.
  const isDeployment = owner.kind === 'ReplicaSet' && metadata.labels?.['pod-template-hash'] !== undefined;
  return isDeployment
    ? `deployment/${owner.name.replace(/-[a-z0-9]+$/, '')}`
    : `${owner.kind.toLowerCase()}/${owner.name}`;
}
