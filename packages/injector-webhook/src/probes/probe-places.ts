import type { RawContainer, RawProbe } from '../pod/raw-pod.ts';

/** What kubelet asks of a container, and under which name the sidecar knows it (sidecar: probes/probe.ts). */
export type ProbeKind = 'liveness' | 'readiness' | 'startup' | 'post-start' | 'pre-stop';

interface ProbePlace {
  readonly kind: ProbeKind;
  /** Its path in the container. */
  readonly path: string;
  readonly isHook: boolean;
  readonly get: (container: RawContainer) => RawProbe | undefined;
  readonly set: (container: RawContainer, probe: RawProbe) => RawContainer;
}

export const probePlaces: readonly ProbePlace[] = [
  probePlace('liveness', 'livenessProbe'),
  probePlace('readiness', 'readinessProbe'),
  probePlace('startup', 'startupProbe'),
  hookPlace('post-start', 'postStart'),
  hookPlace('pre-stop', 'preStop'),
];

function probePlace(kind: ProbeKind, path: 'livenessProbe' | 'readinessProbe' | 'startupProbe'): ProbePlace {
  return {
    kind,
    path,
    isHook: false,
    get: (container) => container[path],
    set: (container, probe) => ({ ...container, [path]: probe }),
  };
}

function hookPlace(kind: ProbeKind, name: 'postStart' | 'preStop'): ProbePlace {
  return {
    kind,
    path: `lifecycle.${name}`,
    isHook: true,
    get: (container) => container.lifecycle?.[name],
    set: (container, probe) => ({ ...container, lifecycle: { ...container.lifecycle, [name]: probe } }),
  };
}

/** Where the sidecar answers for the application. */
export function probePath(container: string, kind: ProbeKind): string {
  return `/probe/${container}/${kind}`;
}
