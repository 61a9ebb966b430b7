import { configPrefix, type ProxyOptions } from '@tulle/api';
import type { Violation } from '@tulle/model';
import { drainDelayOf } from '../injected/environment.ts';
import { sidecarUser } from '../injected/names.ts';
import type { PodNamespace } from '../injection-context.ts';
import type { RawPod, RawPodSpec, RawResources } from '../pod/raw-pod.ts';

export interface WarningInput {
  readonly options: ProxyOptions;
  readonly namespace: PodNamespace;
  readonly isNative: boolean;
}

/** What will surprise somebody, but does not stand in the way; each short enough for an admission warning. */
export function podWarnings({ spec }: RawPod, input: WarningInput): readonly Violation[] {
  return [
    ...podSecurity(input),
    ...graceTooShort(spec, input),
    ...qualityLost(spec, input.options),
    ...foreignDns(spec),
    ...otherMeshes(spec),
    ...uncapturedInits(spec, input.options),
  ];
}

const enforceLabel = 'pod-security.kubernetes.io/enforce';

function podSecurity({ options, namespace }: WarningInput): readonly Violation[] {
  const level = namespace.labels[enforceLabel];
  if (options.capture === 'disabled' || level === undefined || level === 'privileged') return [];
  const reason =
    `the namespace enforces Pod Security ${JSON.stringify(level)}, which refuses tulle-init (NET_ADMIN): ` +
    `label it privileged, or set ${configPrefix}capture: disabled`;
  return [{ path: '', reason }];
}

const defaultGraceSeconds = 30;
/** For the process to end (docs/operations.md, TULLE_DRAIN_SECONDS). */
const exitSeconds = 2;

function graceTooShort(spec: RawPodSpec, { options, isNative }: WarningInput): readonly Violation[] {
  const grace = spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
  const needed = drainDelayOf(options, isNative) + options.drainSeconds + exitSeconds;
  if (needed <= grace) return [];
  const reason = `is ${grace}, but the sidecar may drain for ${needed} s: what is under way then is cut`;
  return [{ path: 'spec.terminationGracePeriodSeconds', reason }];
}

function qualityLost(spec: RawPodSpec, options: ProxyOptions): readonly Violation[] {
  const own: RawResources = {
    requests: amounts(options.cpuRequest, options.memoryRequest),
    limits: amounts(options.cpuLimit, options.memoryLimit),
  };
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const wasGuaranteed = containers.every(({ resources }) => isGuaranteed(resources));
  if (spec.resources !== undefined || !wasGuaranteed || isGuaranteed(own)) return [];
  const reason =
    'the pod is no longer of quality Guaranteed: ' +
    `set ${configPrefix}cpu-limit and -request, memory-limit and -request to the same amounts`;
  return [{ path: '', reason }];
}

function amounts(cpu: string | null, memory: string | null): Readonly<Record<string, string>> {
  return { ...(cpu === null ? {} : { cpu }), ...(memory === null ? {} : { memory }) };
}

/** Kubernetes, "Pod Quality of Service Classes": limits for both, and requests that are absent or the same. */
function isGuaranteed({ requests = {}, limits = {} }: RawResources = {}): boolean {
  return ['cpu', 'memory'].every(
    (name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name],
  );
}

function foreignDns({ dnsPolicy = 'ClusterFirst' }: RawPodSpec): readonly Violation[] {
  if (dnsPolicy !== 'Default' && dnsPolicy !== 'None') return [];
  const reason = `is ${dnsPolicy}: the sidecar finds the control plane only if the cluster's DNS is asked`;
  return [{ path: 'spec.dnsPolicy', reason }];
}

const foreignSidecars = ['istio-proxy', 'linkerd-proxy', 'kuma-sidecar', 'consul-dataplane'];

function otherMeshes(spec: RawPodSpec): readonly Violation[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ name }, i) =>
      foreignSidecars.includes(name)
        ? [{ path: `spec.${list}[${i}]`, reason: 'is another mesh: both would capture the same traffic' }]
        : [],
    ),
  );
}

function uncapturedInits(spec: RawPodSpec, options: ProxyOptions): readonly Violation[] {
  if (options.capture === 'disabled') return [];
  return (spec.initContainers ?? []).flatMap(({ restartPolicy, securityContext }, i) => {
    const user = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
    if (restartPolicy === 'Always' || user !== sidecarUser) return [];
    return [
      { path: `spec.initContainers[${i}]`, reason: `runs as ${sidecarUser}: its traffic passes the mesh by` },
    ];
  });
}
