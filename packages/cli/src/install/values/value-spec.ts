/** One value of an installation: its default, what it may be, and what it does. */
export type ValueSpec =
  | { readonly kind: 'text'; readonly default: string; readonly pattern: string; readonly about: string }
  | {
      readonly kind: 'choice';
      readonly default: string;
      readonly choices: readonly string[];
      readonly about: string;
    }
  | NumberSpec
  | { readonly kind: 'boolean'; readonly default: boolean; readonly about: string }
  | {
      readonly kind: 'list';
      readonly default: readonly unknown[];
      readonly items: 'text' | 'number-or-text' | 'object';
      readonly about: string;
    }
  /** An object as Kubernetes has it, which is not looked into. */
  | { readonly kind: 'object'; readonly default: Readonly<Record<string, unknown>>; readonly about: string };

interface NumberSpec {
  readonly kind: 'integer' | 'number';
  /** Null: absent unless it is given. */
  readonly default: number | null;
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

export interface ValueGroup {
  readonly kind: 'group';
  readonly about: string;
  readonly values: Readonly<Record<string, ValueSpec | ValueGroup>>;
}

export type ValueTree = Readonly<Record<string, ValueSpec | ValueGroup>>;

/** The spec at a path such as `controlPlane.replicas`. */
export function specAt(tree: ValueTree, path: string): ValueSpec {
  let values = tree;
  let spec: ValueSpec | ValueGroup | undefined;
  for (const key of path.split('.')) {
    spec = Object.hasOwn(values, key) ? values[key] : undefined;
    values = spec?.kind === 'group' ? spec.values : {};
  }
  if (spec === undefined || spec.kind === 'group') throw new Error(`there is no value ${path}`);
  return spec;
}
