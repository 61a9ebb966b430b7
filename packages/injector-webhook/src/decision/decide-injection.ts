import { labels } from '@tulle/api';
import type { PodNamespace } from '../injection-context.ts';
import type { RawPod } from '../pod/raw-pod.ts';
import type { InjectorSettings } from '../settings/injector-settings.ts';

/** Why a pod gets no sidecar. */
export const skipReasons = {
  'excluded-namespace': 'nothing in this namespace is injected',
  'opted-out-by-pod': `the pod's label ${labels.inject} is disabled`,
  'opted-out-by-namespace': `the namespace's label ${labels.inject} is disabled`,
  'not-asked-for': `neither the namespace nor the pod has the label ${labels.inject}=enabled`,
  'host-network': "the pod shares its node's network, whose traffic is not its own",
  windows: 'the pod is for Windows, where traffic cannot be captured',
  'static-pod': "the pod is a mirror of its node's own",
  finished: 'the pod has ended',
  'never-finishes':
    'the pod is to end by itself, which it could not beside a sidecar that is no native one: that takes Kubernetes 1.29, and config.tulle.dev/native-sidecar not disabled',
  'already-injected': 'the pod has the sidecar that it would get',
} as const;

export type SkipReason = keyof typeof skipReasons;

export type Decision =
  | { readonly do: 'inject' }
  /** `isUnexpected`: the pod itself asks for a sidecar, or nothing tells that it has none. */
  | { readonly do: 'skip'; readonly reason: SkipReason; readonly isUnexpected: boolean };

export interface DecisionInput {
  readonly namespace: PodNamespace;
  readonly settings: Pick<InjectorSettings, 'meshNamespace' | 'excludedNamespaces'>;
}

/** Whether a pod is to have a sidecar at all, whatever kind; the first reason that holds is told. */
export function decideInjection(pod: RawPod, { namespace, settings }: DecisionInput): Decision {
  const ownLabel = pod.metadata?.labels?.[labels.inject];
  const skip = (reason: SkipReason, isUnexpected: boolean): Decision => ({
    do: 'skip',
    reason,
    isUnexpected,
  });
  if (ownLabel === 'disabled') return skip('opted-out-by-pod', false);
  const isAsked = ownLabel === 'enabled';
  if (!isAsked && namespace.labels[labels.inject] !== 'enabled') {
    return namespace.labels[labels.inject] === 'disabled'
      ? skip('opted-out-by-namespace', false)
      : skip('not-asked-for', false);
  }
  const reason = whyImpossible(pod, { namespace, settings });
  return reason === null ? { do: 'inject' } : skip(reason, isAsked);
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';

function whyImpossible({ metadata, spec, status }: RawPod, input: DecisionInput): SkipReason | null {
  const { namespace, settings } = input;
  if (namespace.name === settings.meshNamespace) return 'excluded-namespace';
  if (settings.excludedNamespaces.includes(namespace.name)) return 'excluded-namespace';
  if (spec.hostNetwork === true) return 'host-network';
  const system = spec.os?.name ?? spec.nodeSelector?.['kubernetes.io/os'];
  if (system === 'windows') return 'windows';
  if (metadata?.annotations?.[mirrorAnnotation] !== undefined) return 'static-pod';
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return 'finished';
  return null;
}
