import { stringify } from 'yaml';
import { type Hole, Optional, partsOf, type Tree, When, YamlText } from './tree.ts';

/** What a hole is filled with. */
export type Scope = (path: string) => unknown;

/** Stands for what is left out. */
const nothing = Symbol('nothing');

export type Plain = null | string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** The tree with every hole filled. */
export function fillTree(tree: Tree, scope: Scope): Plain {
  const filled = fill(tree, scope);
  return filled === nothing ? null : (filled as Plain);
}

function fill(tree: Tree, scope: Scope): unknown {
  if (typeof tree === 'string') return fillText(tree, scope);
  if (tree === null || typeof tree !== 'object') return tree;
  if (tree instanceof Optional) return isEmpty(scope(tree.path)) ? nothing : scope(tree.path);
  if (tree instanceof When) return scope(tree.path) ? fill(tree.tree, scope) : nothing;
  if (tree instanceof YamlText) return stringify(fillTree(tree.tree, scope), { compat: 'yaml-1.1' });
  if (Array.isArray(tree)) return tree.map((item) => fill(item, scope)).filter((item) => item !== nothing);
  const entries = Object.entries(tree).map(
    ([key, child]) => [fillText(key, scope), fill(child, scope)] as const,
  );
  return Object.fromEntries(entries.filter(([, child]) => child !== nothing));
}

function fillText(text: string, scope: Scope): unknown {
  const parts = partsOf(text);
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'object' && !first.isText) return scope(first.path);
  return parts.map((part) => (typeof part === 'string' ? part : textOf(part, scope))).join('');
}

function textOf({ path }: Hole, scope: Scope): string {
  const found = scope(path);
  return found === null || found === undefined ? '' : String(found);
}

/** As Helm's `with` sees it, but that 0 and false are values. */
function isEmpty(found: unknown): boolean {
  if (found === null || found === undefined || found === '') return true;
  return typeof found === 'object' && Object.keys(found).length === 0;
}
