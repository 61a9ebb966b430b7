import { isObject } from '@tulle/api';
import type { RawContainer, RawNamed } from '../pod/raw-pod.ts';

/**
 * Ours, over what stands of an earlier injection: what others have added to it stays (variables, mounts, a limit that
 * the namespace asks for, what the API server fills in), else their webhook and ours would undo each other's work.
 */
export function overlayContainer(standing: RawContainer | undefined, own: RawContainer): RawContainer {
  if (standing === undefined) return own;
  const { volumeMounts: _mounts, ...merged } = merge(standing, own) as RawContainer;
  const mounts = named(own.volumeMounts);
  const volumeMounts = [...mounts, ...strange(named(standing.volumeMounts), mounts, isApiToken)];
  return {
    ...merged,
    // The admission plugin AlwaysPullImages refuses a pod that says otherwise.
    ...(standing.imagePullPolicy === 'Always' ? { imagePullPolicy: 'Always' } : {}),
    env: [...(own.env ?? []), ...strange(standing.env, own.env, isOwnVariable)],
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
  };
}

export function overlayVolume(standing: RawNamed | undefined, own: RawNamed): RawNamed {
  return standing === undefined ? own : (merge(standing, own) as RawNamed);
}

/** What others added; a name of ours that is not asked for any more is none of theirs. */
function strange(
  standing: readonly RawNamed[] = [],
  own: readonly RawNamed[] = [],
  isDropped: (one: RawNamed) => boolean,
): readonly RawNamed[] {
  const names = new Set(own.map(({ name }) => name));
  return standing.filter((one) => !names.has(one.name) && !isDropped(one));
}

function isOwnVariable({ name }: RawNamed): boolean {
  return name.startsWith('TULLE_');
}

/** The sidecar does not speak to the API server: what the admission plugin ServiceAccount mounts is taken out. */
function isApiToken({ mountPath }: RawNamed): boolean {
  return mountPath === '/var/run/secrets/kubernetes.io/serviceaccount';
}

function named(list: unknown): readonly RawNamed[] {
  return Array.isArray(list) ? (list as readonly RawNamed[]).filter(isObject) : [];
}

function merge(standing: unknown, own: unknown): unknown {
  if (!isObject(standing) || !isObject(own)) return own;
  const merged = Object.entries(own).map(([key, value]) => [key, merge(standing[key], value)] as const);
  return { ...standing, ...Object.fromEntries(merged) };
}
