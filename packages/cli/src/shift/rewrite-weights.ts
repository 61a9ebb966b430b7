import { isDeepStrictEqual } from 'node:util';
import { isScalar, type Pair, parseAllDocuments, type Scalar } from 'yaml';
import type { BackendNode } from './find-route.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text with new weights and every other byte as it was: what the parser says of positions is spliced,
 * since printing a document anew would reflow what the operator wrote. Null where that cannot be done
 * (anchors that others share): the result is parsed again and must differ by these weights only.
 */
export function rewriteWeights(
  text: string,
  documentIndex: number,
  weights: ReadonlyMap<BackendNode, number>,
): string | null {
  const edits: Edit[] = [];
  for (const [backend, weight] of weights) {
    const edit = editFor(text, backend, weight);
    if (edit === null) return null;
    edits.push(edit);
  }
  const rewritten = applyEdits(text, edits);
  return isExactly(rewritten, { text, documentIndex, weights }) ? rewritten : null;
}

function editFor(text: string, { node }: BackendNode, weight: number): Edit | null {
  const present = node.items.find((pair) => isScalar(pair.key) && pair.key.value === 'weight');
  if (present !== undefined) {
    const range = isScalar(present.value) ? present.value.range : null;
    if (!range) return null;
    // `weight:` with nothing after it.
    const gap = range[0] === range[1] ? ' ' : '';
    return { start: range[0], end: range[1], text: `${gap}${weight}` };
  }
  const after = lastScalarPair(node.items);
  if (after === null) return null;
  const end = after.value.range![1];
  if (node.flow) return { start: end, end, text: `, weight: ${weight}` };
  const lineEnd = text.indexOf('\n', end);
  const at = lineEnd < 0 ? text.length : lineEnd;
  const newline = text[at - 1] === '\r' ? '\r\n' : '\n';
  const position = newline === '\r\n' ? at - 1 : at;
  const indent = ' '.repeat(columnOf(text, after.key.range![0]));
  return { start: position, end: position, text: `${newline}${indent}weight: ${weight}` };
}

/** The pair that a new weight is written after: one whose value stands on its line. */
function lastScalarPair(items: readonly Pair[]): { readonly key: Scalar; readonly value: Scalar } | null {
  for (const { key, value } of [...items].reverse()) {
    if (
      isScalar(key) &&
      isScalar(value) &&
      key.range &&
      value.range &&
      /PLAIN|QUOTE/.test(value.type ?? '')
    ) {
      return { key, value };
    }
  }
  return null;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((result, edit) => result.slice(0, edit.start) + edit.text + result.slice(edit.end), text);
}

function isExactly(
  rewritten: string,
  asked: { text: string; documentIndex: number; weights: ReadonlyMap<BackendNode, number> },
): boolean {
  const expected = [...parseAllDocuments(asked.text)].map((document) => document.toJS());
  for (const [{ path }, weight] of asked.weights) {
    const backend = path.reduce((value, key) => value[key], expected[asked.documentIndex]);
    backend.weight = weight;
  }
  const actual = [...parseAllDocuments(rewritten)];
  return isDeepStrictEqual(
    actual.map((document) => document.toJS()),
    expected,
  );
}
