import { builtin } from '../template/tree.ts';

export type Program = 'tulle-control-plane' | 'tulle-injector';

export const partOf = { 'app.kubernetes.io/part-of': 'tulle' } as const;

/** On everything that an installation brings. */
const commonLabels: Readonly<Record<string, string>> = {
  ...partOf,
  'app.kubernetes.io/managed-by': builtin('installer'),
  'app.kubernetes.io/version': builtin('version'),
};

export function labelsOf(program: Program): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': program, ...commonLabels };
}

export function selectorOf(program: Program): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': program };
}

/** The metadata of an object in the mesh's namespace. */
export function own(name: string, program?: Program) {
  const labels = program === undefined ? commonLabels : labelsOf(program);
  return { name, namespace: builtin('namespace'), labels };
}

/** The metadata of an object of the whole cluster. */
export function clusterWide(name: string, program?: Program) {
  return { name, labels: program === undefined ? commonLabels : labelsOf(program) };
}
