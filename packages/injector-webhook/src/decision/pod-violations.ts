import { configPrefix, labels, type ProxyOptions, sidecarPorts } from '@tulle/api';
import type { Violation } from '@tulle/model';
import { ownNames, sidecarUser } from '../injected/names.ts';
import type { RawContainer, RawPod, RawPodSpec } from '../pod/raw-pod.ts';

const lists = ['initContainers', 'containers'] as const;

/** The label's value, which is a mistake where it is neither of the two. */
export function labelViolations({ metadata }: RawPod): readonly Violation[] {
  const value = metadata?.labels?.[labels.inject];
  if (value === undefined || value === 'enabled' || value === 'disabled') return [];
  const path = `metadata.labels["${labels.inject}"]`;
  return [{ path, reason: `must be enabled or disabled, not ${JSON.stringify(value)}` }];
}

/** Why the pod, which is as it was before any injection, cannot run beside a sidecar. */
export function podViolations({ spec }: RawPod, options: ProxyOptions): readonly Violation[] {
  return [
    ...reservedNames(spec),
    ...takenPorts(spec, options),
    ...(options.capture === 'enabled' ? uncapturedUsers(spec) : []),
  ];
}

function reservedNames(spec: RawPodSpec): readonly Violation[] {
  return [...lists, 'volumes' as const].flatMap((list) =>
    (spec[list] ?? []).flatMap(({ name }, i) => {
      if (!name.startsWith(ownNames.prefix)) return [];
      const reason = `is ${JSON.stringify(name)}: names that begin with ${ownNames.prefix} are the mesh's own`;
      return [{ path: `spec.${list}[${i}].name`, reason }];
    }),
  );
}

/** An init container that ends is done before it matters, and one that stays runs all along. */
function* longLived(spec: RawPodSpec): Generator<readonly [RawContainer, string]> {
  for (const list of lists) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      if (list === 'containers' || container.restartPolicy === 'Always')
        yield [container, `spec.${list}[${i}]`];
    }
  }
}

function takenPorts(spec: RawPodSpec, { inboundPort }: ProxyOptions): readonly Violation[] {
  const own = new Map<number, string>([
    [sidecarPorts.outbound, 'outbound'],
    [inboundPort, `inbound (which ${configPrefix}inbound-port moves)`],
    [sidecarPorts.admin, 'admin'],
    [sidecarPorts.metrics, 'metrics'],
  ]);
  return [...longLived(spec)].flatMap(([{ ports = [] }, at]) =>
    ports.flatMap(({ containerPort, protocol = 'TCP' }, i) => {
      const use = own.get(containerPort);
      if (use === undefined || protocol !== 'TCP') return [];
      const path = `${at}.ports[${i}].containerPort`;
      return [
        { path, reason: `is ${containerPort}, the sidecar's ${use}: let the application take another` },
      ];
    }),
  );
}

function uncapturedUsers(spec: RawPodSpec): readonly Violation[] {
  const whole = spec.securityContext;
  return [...longLived(spec)].flatMap(([{ securityContext: own }, at]) =>
    (['runAsUser', 'runAsGroup'] as const).flatMap((field) => {
      if ((own?.[field] ?? whole?.[field]) !== sidecarUser) return [];
      const path =
        own?.[field] === undefined ? `spec.securityContext.${field}` : `${at}.securityContext.${field}`;
      const reason = `must not be ${sidecarUser} for ${at}: that is the sidecar's own, whose traffic passes the mesh by`;
      return [{ path, reason }];
    }),
  );
}
