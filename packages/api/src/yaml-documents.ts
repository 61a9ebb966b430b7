import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
  type Document as YamlDocument,
} from 'yaml';
import { isObject } from './manifest-node.ts';

export interface ManifestDocument {
  /** Counted from 0 in the file; the items of a `List` share their list's. */
  readonly index: number;
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly object: unknown;
  /** The line of a field by its path, or of the nearest there is above it. */
  readonly lineAt: (path: string) => number;
}

export interface ManifestFault {
  readonly file: string;
  /** Counted from 0; null where the file as a whole is meant. */
  readonly document: number | null;
  readonly line: number | null;
  /** The path within the object, or empty. */
  readonly path: string;
  readonly reason: string;
}

export interface ParsedDocuments {
  readonly documents: readonly ManifestDocument[];
  readonly faults: readonly ManifestFault[];
}

export const manifestLimits = {
  maxFileBytes: 4 * 1024 * 1024,
  maxDocuments: 5_000,
  maxAliases: 100,
} as const;

/**
 * The documents of a YAML (1.2) or JSON text; empty ones are left out, a `List` is taken apart. Faulty
 * documents are reported and the others given all the same: what to make of them is the caller's choice.
 */
export function parseYamlDocuments(text: string, file: string): ParsedDocuments {
  const whole = (reason: string): ParsedDocuments => ({
    documents: [],
    faults: [{ file, document: null, line: null, path: '', reason }],
  });
  if (Buffer.byteLength(text) > manifestLimits.maxFileBytes) {
    return whole(`is larger than ${manifestLimits.maxFileBytes} bytes`);
  }
  try {
    return readDocuments(text, file);
  } catch (thrown) {
    // The parser recurses: a text nested thousands deep ends in a RangeError, not in a parse error.
    return whole(`cannot be read as YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function readDocuments(text: string, file: string): ParsedDocuments {
  const lineCounter = new LineCounter();
  // Its own check for repeated keys takes quadratic time; `repeatedKeys` below is linear.
  const parsed = parseAllDocuments(text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  const lineOf = (offset: number) => Math.max(1, lineCounter.linePos(offset).line);
  const documents: ManifestDocument[] = [];
  const faults: ManifestFault[] = [];
  const all = Array.isArray(parsed) ? parsed : [];
  all.slice(0, manifestLimits.maxDocuments).forEach((document, index) => {
    const problems = problemsOf(document);
    for (const { offset, reason } of problems) {
      faults.push({ file, document: index, line: lineOf(offset), path: '', reason });
    }
    if (problems.length === 0) documents.push(...objectsOf(document, index, lineOf));
  });
  if (all.length > manifestLimits.maxDocuments) {
    const reason = `has more than ${manifestLimits.maxDocuments} documents`;
    faults.push({ file, document: null, line: null, path: '', reason });
  }
  return { documents, faults };
}

interface Problem {
  readonly offset: number;
  readonly reason: string;
}

function problemsOf(document: YamlDocument): readonly Problem[] {
  const errors = document.errors.map(({ pos, message }) => ({ offset: pos[0], reason: message }));
  if (errors.length > 0) return errors;
  const repeated = repeatedKeys(document.contents);
  if (repeated.length > 0) return repeated;
  try {
    plainValue(document);
    return [];
  } catch (thrown) {
    // Too many aliases: a small text that would unfold into a huge value.
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return [{ offset: startOf(document.contents) ?? 0, reason }];
  }
}

function plainValue(document: YamlDocument): unknown {
  return document.toJS({ maxAliasCount: manifestLimits.maxAliases });
}

/** `kubectl get -o yaml` writes a List; its items are objects of their own. */
function objectsOf(
  document: YamlDocument,
  index: number,
  lineOf: (offset: number) => number,
): readonly ManifestDocument[] {
  const object = plainValue(document);
  if (object === null || object === undefined) return [];
  const lineAt = (keys: readonly (string | number)[]) => lineOf(offsetOf(document, keys));
  const entry = (value: unknown, above: readonly (string | number)[]): ManifestDocument => ({
    index,
    line: lineAt(above),
    object: value,
    lineAt: (path) => lineAt([...above, ...splitPath(path)]),
  });
  const isList =
    isObject(object) && /^([A-Z]\w*)?List$/.test(String(object.kind)) && Array.isArray(object.items);
  if (!isList) return [entry(object, [])];
  return (object.items as readonly unknown[]).map((item, position) => entry(item, ['items', position]));
}

/** Where the value stands that the keys lead to; where it is missing, what it is missing from. */
function offsetOf(document: YamlDocument, keys: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === 'number') {
      node = node.items[key];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

/** `spec.rules[0].name` as its keys. */
function splitPath(path: string): readonly (string | number)[] {
  const segments = path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g);
  return [...segments].map(([, position, quoted, plain]) => {
    if (position !== undefined) return Number(position);
    return quoted === undefined ? plain! : (JSON.parse(quoted) as string);
  });
}

function repeatedKeys(contents: unknown): readonly Problem[] {
  const repeated: Problem[] = [];
  if (contents === null || contents === undefined) return repeated;
  visit(contents as Node, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) {
          repeated.push({ offset: startOf(key) ?? 0, reason: `the key ${JSON.stringify(name)} is repeated` });
        }
        seen.add(name);
      }
    },
  });
  return repeated;
}

function startOf(node: unknown): number | null {
  return (node as Node | null | undefined)?.range?.[0] ?? null;
}
