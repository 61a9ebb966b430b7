import type { Tree } from '../template/tree.ts';

/** A rule of a role. */
export function rule(group: string, resources: string, verbs: string, names: readonly string[] = []): Tree {
  return {
    apiGroups: [group],
    resources: resources.split(' '),
    ...(names.length === 0 ? {} : { resourceNames: names }),
    verbs: verbs.split(' '),
  };
}

export const watch = 'get list watch';
