import type { Values } from './values/read-values.ts';

/** Why an installation must not be brought from one version to another in one step; null: it may. */
export function refusalOfJump(installed: string, wanted: string): string | null {
  const [from, to] = [parseVersion(installed), parseVersion(wanted)];
  if (from === null || to === null) return null;
  if (compare(to, from) < 0) {
    return `${installed} is installed, and this is ${wanted}: an older version may not know what a newer one has stored. Use the tulle of ${installed} or later`;
  }
  const isOneStep = to[0] === from[0] && to[1] - from[1] <= 1;
  const isNextMajor = to[0] === from[0] + 1 && to[1] === 0;
  if (isOneStep || isNextMajor) return null;
  return `${installed} is installed, and ${wanted} is more than one minor version away: sidecars and control plane understand each other one version apart. Upgrade by way of those in between, restarting pods each time`;
}

/** Null where it is no version of ours, as of images that somebody has built. */
function parseVersion(text: string): readonly [number, number, number] | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value - b[index]!;
  return 0;
}

/** `controlPlane.replicas: 2 -> 3`, for each value that is another. */
export function valueChanges(before: Values, after: Values, prefix = ''): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const [from, to] = [before[key], after[key]];
    if (isGroup(from) && isGroup(to)) return valueChanges(from, to, `${prefix}${key}.`);
    const [fromText, toText] = [describe(from), describe(to)];
    return fromText === toText ? [] : [`${prefix}${key}: ${fromText} -> ${toText}`];
  });
}

function isGroup(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
