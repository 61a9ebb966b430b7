import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  type YAMLMap,
} from 'yaml';

/** More than anybody writes; aliases of aliases grow by powers. */
const maxNodes = 100_000;

/**
 * Puts what they stand for in the place of aliases (`*name`) and merge keys (`<<`): a sidecar that were put into an anchored
 * part would come wherever it is used. False: they stand for too much.
 */
export function expandAliases(document: Document): boolean {
  let nodes = 0;
  const copyOf = (source: Node): Node => {
    const copy = source.clone() as Node;
    visit(copy, {
      Node: (_, node) => {
        nodes++;
        if ('anchor' in node) delete node.anchor;
      },
    });
    return copy;
  };
  visit(document, {
    Alias: (_, alias) => {
      const source = alias.resolve(document);
      if (source === undefined) return undefined;
      const copy = copyOf(source);
      return nodes > maxNodes ? visit.BREAK : copy;
    },
  });
  if (nodes > maxNodes) return false;
  visit(document, { Map: (_, map) => merge(map) });
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node) && 'anchor' in node) delete node.anchor;
    },
  });
  return true;
}

/** An alias of which there is no anchor before it; null: there is none such. */
export function unknownAlias(document: Document): string | null {
  let unknown: string | null = null;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      unknown = alias.source;
      return visit.BREAK;
    },
  });
  return unknown;
}

/** YAML 1.1's merge key: what the map says itself holds. */
function merge(map: YAMLMap): void {
  const isMerge = ({ key }: Pair) => isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
  const merged = map.items.filter(isMerge).flatMap(({ value }) => {
    const sources = isSeq(value) ? value.items : [value];
    return sources.flatMap((source) => {
      if (!isMap(source)) return [];
      merge(source);
      return source.items;
    });
  });
  if (merged.length === 0) return;
  map.items = map.items.filter((pair) => !isMerge(pair));
  for (const pair of merged) {
    const key = isScalar(pair.key) ? pair.key.value : pair.key;
    if (!map.has(key)) map.items.push(pair.clone());
  }
}
