import { annotations } from '@tulle/api';
import type { RawContainer, RawNamed, RawPod, TextMap } from '../pod/raw-pod.ts';
import { type ProbeTable, parseProbeTable } from '../probes/probe-table.ts';
import { restoreProbes } from '../probes/restore-probes.ts';
import { ownNames } from './names.ts';

export interface StrippedPod {
  /** As it was before an earlier injection; others' work since then stays. */
  readonly pod: RawPod;
  /** The lists with what the earlier injection had put in. */
  readonly standing: StandingLists;
}

export interface StandingLists {
  readonly initContainers: readonly RawContainer[];
  readonly containers: readonly RawContainer[];
  readonly volumes: readonly RawNamed[];
}

export function stripInjected(pod: RawPod): StrippedPod {
  const { initContainers = [], containers, volumes = [] } = pod.spec;
  return { pod: isInjected(pod) ? original(pod) : pod, standing: { initContainers, containers, volumes } };
}

const ownContainers: readonly string[] = [ownNames.init, ownNames.sidecar];
const ownVolumes: readonly string[] = [ownNames.tokenVolume, ownNames.stateVolume];

function original(pod: RawPod): RawPod {
  const { spec, metadata = {} } = pod;
  const table = probesOf(spec.initContainers) ?? probesOf(spec.containers) ?? {};
  const { [annotations.injected]: _version, ...others } = metadata.annotations ?? {};
  const restored = (list: readonly RawContainer[]) =>
    withoutOwn(list, ownContainers).map((one) => restoreProbes(one, table));
  return {
    ...pod,
    metadata: { ...metadata, annotations: others satisfies TextMap },
    spec: {
      ...spec,
      containers: restored(spec.containers),
      ...(spec.initContainers === undefined ? {} : { initContainers: restored(spec.initContainers) }),
      ...(spec.volumes === undefined ? {} : { volumes: withoutOwn(spec.volumes, ownVolumes) }),
    },
  };
}

/** By its annotation, which goes with everything else that is ours. */
function isInjected(pod: RawPod): boolean {
  return pod.metadata?.annotations?.[annotations.injected] !== undefined;
}

function withoutOwn<T extends { readonly name: string }>(
  list: readonly T[],
  own: readonly string[],
): readonly T[] {
  return list.filter(({ name }) => !own.includes(name));
}

function probesOf(containers: readonly RawContainer[] = []): ProbeTable | null {
  const sidecar = containers.find(({ name }) => name === ownNames.sidecar);
  const variable = sidecar?.env?.find(({ name }) => name === 'TULLE_PROBES');
  return typeof variable?.value === 'string' ? parseProbeTable(variable.value) : null;
}
