import type { NamespacedName } from '@tulle/model';
import { messageOf } from '@tulle/runtime';
import { type Document, isMap, isSeq, LineCounter, parseAllDocuments, type YAMLMap } from 'yaml';

/** A backend reference of a rule, with its node in the document. */
export interface BackendNode {
  readonly node: YAMLMap;
  readonly path: readonly (string | number)[];
  readonly namespace: string;
  readonly name: string;
  readonly port: number | null;
  readonly weight: number;
}

export interface RuleNode {
  readonly index: number;
  readonly name: string | null;
  readonly line: number;
  readonly backends: readonly BackendNode[];
}

/** An HTTPRoute as it stands in a file. */
export interface RouteNode {
  readonly documentIndex: number;
  readonly line: number;
  readonly rules: readonly RuleNode[];
}

export interface RouteSearch {
  readonly routes: readonly RouteNode[];
  /** Why parts of the file could not be searched. */
  readonly faults: readonly string[];
}

/** Every HTTPRoute of this name in a YAML file of one or many documents. */
export function findRoute(text: string, route: NamespacedName): RouteSearch {
  try {
    return searchDocuments(text, route);
  } catch (thrown) {
    // The parser recurses: a text nested thousands deep ends in a RangeError, not in a parse error.
    return { routes: [], faults: [messageOf(thrown)] };
  }
}

function searchDocuments(text: string, route: NamespacedName): RouteSearch {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const routes: RouteNode[] = [];
  const faults: string[] = [];
  for (const [documentIndex, document] of [...documents].entries()) {
    if (document.errors.length > 0) faults.push(document.errors[0]!.message.split('\n', 1)[0]!);
    else if (isRoute(document, route)) {
      routes.push({
        documentIndex,
        line: lineOf(document.contents as YAMLMap, lines),
        rules: readRules(document, route.namespace, lines),
      });
    }
  }
  return { routes, faults };
}

function isRoute(document: Document.Parsed, route: NamespacedName): boolean {
  return (
    isMap(document.contents) &&
    document.get('kind') === 'HTTPRoute' &&
    String(document.get('apiVersion')).startsWith('gateway.networking.k8s.io/') &&
    document.getIn(['metadata', 'name']) === route.name &&
    (document.getIn(['metadata', 'namespace']) ?? 'default') === route.namespace
  );
}

function readRules(document: Document.Parsed, namespace: string, lines: LineCounter): readonly RuleNode[] {
  const rules = document.getIn(['spec', 'rules']);
  if (!isSeq(rules)) return [];
  return rules.items.flatMap((rule, index) => {
    if (!isMap(rule)) return [];
    const name = rule.get('name');
    const backends = readBackends(rule, ['spec', 'rules', index, 'backendRefs'], namespace);
    return [{ index, name: typeof name === 'string' ? name : null, line: lineOf(rule, lines), backends }];
  });
}

function readBackends(
  rule: YAMLMap,
  path: readonly (string | number)[],
  routeNamespace: string,
): readonly BackendNode[] {
  const refs = rule.get('backendRefs');
  if (!isSeq(refs)) return [];
  return refs.items.flatMap((node, index) => {
    if (!isMap(node)) return [];
    const { name, namespace, port, weight } = node.toJSON() as Record<string, unknown>;
    return [
      {
        node,
        path: [...path, index],
        namespace: typeof namespace === 'string' ? namespace : routeNamespace,
        name: String(name),
        port: typeof port === 'number' ? port : null,
        // Gateway API, BackendRef.weight: 1 where absent.
        weight: typeof weight === 'number' ? weight : 1,
      },
    ];
  });
}

function lineOf(node: YAMLMap, lines: LineCounter): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}
