/**
 * Manifests with holes: one definition gives both what `tulle install` writes (the holes filled) and the Helm
 * chart (the holes as template expressions). A hole within a text is marked in it, so that whoever builds
 * an object need not know that it will be a template.
 */
export type Tree =
  | string
  | number
  | boolean
  | null
  | Optional
  | When
  | YamlText
  | readonly Tree[]
  | { readonly [key: string]: Tree };

/** Left out where the value is absent or empty. */
export class Optional {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** Left out unless the value is true. */
export class When {
  readonly path: string;
  readonly tree: Tree;
  constructor(path: string, tree: Tree) {
    this.path = path;
    this.tree = tree;
  }
}

/** A YAML document within a text, as a ConfigMap's files are. */
export class YamlText {
  readonly tree: Tree;
  constructor(tree: Tree) {
    this.tree = tree;
  }
}

/** What is known without any value. */
export type Builtin = 'namespace' | 'version' | 'installer' | 'values';

export interface Hole {
  readonly path: string;
  readonly isText: boolean;
}

const holePattern = /⟦([^⟧|]+)(\|text)?⟧/g;

/** A value of the installation's. Alone it has its own type; within a text it is a text. */
export function value(path: string): string {
  return `⟦${path}⟧`;
}

/** A value as a text even where it stands alone: environment variables are texts. */
export function textValue(path: string): string {
  return `⟦${path}|text⟧`;
}

export function builtin(name: Builtin): string {
  return `⟦@${name}⟧`;
}

export function builtinOf(path: string): Builtin | null {
  return path.startsWith('@') ? (path.slice(1) as Builtin) : null;
}

/** The text as its literal parts and its holes, in order. */
export function partsOf(text: string): readonly (string | Hole)[] {
  const parts: (string | Hole)[] = [];
  let end = 0;
  for (const match of text.matchAll(holePattern)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ path: match[1]!, isText: match[2] !== undefined });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
