/**
 * Coverage by source: a load hook puts a counter into every branch of the modules under test. Unlike V8's
 * own coverage it costs a byte's increment a branch, leaves the optimiser alone, and can be read after
 * every single input, with how often each branch was taken.
 */
import { registerHooks } from 'node:module';
import ts from 'typescript';

/** Counters, one a branch; more branches than there are counters share them. */
const COUNTERS = 1 << 14;
const GLOBAL = '__tulleFuzzCounters';

interface Insertion {
  readonly at: number;
  readonly isClosing: boolean;
  readonly text: string;
}

export interface BranchCounters {
  readonly counters: Uint8Array;
  /** How many of them there are in the modules that were loaded so far. */
  used(): number;
}

/** From here on modules whose address `isWatched` are loaded with counters in them. */
export function instrumentModules(isWatched: (url: string) => boolean): BranchCounters {
  const counters = new Uint8Array(COUNTERS);
  Object.assign(globalThis, { [GLOBAL]: counters });
  const numbers = { next: 0 };
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!isWatched(url)) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
      return { ...loaded, source: withCounters(url, source, numbers) };
    },
  });
  return { counters, used: () => Math.min(numbers.next, COUNTERS) };
}

export function withCounters(name: string, source: string, numbers: { next: number }): string {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const insertions: Insertion[] = [];
  const count = () => `__fuzz[${numbers.next++ % COUNTERS}]++`;
  visit(file, insertions, count);
  const ordered = insertions
    .map((insertion, order) => ({ ...insertion, order }))
    .toSorted((a, b) => a.at - b.at || Number(b.isClosing) - Number(a.isClosing) || a.order - b.order);
  let text = `const __fuzz = globalThis.${GLOBAL}; `;
  let at = 0;
  for (const insertion of ordered) {
    text += source.slice(at, insertion.at) + insertion.text;
    at = insertion.at;
  }
  return text + source.slice(at);
}

function visit(node: ts.Node, insertions: Insertion[], count: () => string): void {
  const closings: Insertion[] = [];
  for (const branch of branchesOf(node)) {
    const [before, after] = wrap(branch, count);
    insertions.push(before);
    if (after !== null) closings.push(after);
  }
  if (ts.isIfStatement(node) && node.elseStatement === undefined) {
    closings.push(closing(node.end, ` else {${count()};}`));
  }
  ts.forEachChild(node, (child) => visit(child, insertions, count));
  // After those of the children: what ends at the same place closes from the inside out.
  insertions.push(...closings);
}

/** The parts of a node that may or may not run. */
function branchesOf(node: ts.Node): ts.Node[] {
  if (ts.isIfStatement(node)) {
    return node.elseStatement === undefined ? [node.thenStatement] : [node.thenStatement, node.elseStatement];
  }
  if (ts.isIterationStatement(node, false)) return [node.statement];
  if (ts.isCaseOrDefaultClause(node)) return [node];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isBinaryExpression(node) && isShortCircuit(node.operatorToken.kind)) return [node.right];
  if (ts.isCatchClause(node)) return [node.block];
  if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) return [node.body as ts.Node];
  return [];
}

function isShortCircuit(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    kind === ts.SyntaxKind.BarBarToken ||
    kind === ts.SyntaxKind.QuestionQuestionToken
  );
}

function wrap(branch: ts.Node, count: () => string): [Insertion, Insertion | null] {
  const start = branch.getStart();
  if (ts.isBlock(branch)) return [opening(start + 1, `${count()};`), null];
  if (ts.isCaseOrDefaultClause(branch)) return [opening(branch.statements.pos, `${count()};`), null];
  if (ts.isStatement(branch)) return [opening(start, `{${count()};`), closing(branch.end, '}')];
  return [opening(start, `(${count()},(`), closing(branch.end, '))')];
}

function opening(at: number, text: string): Insertion {
  return { at, isClosing: false, text };
}

function closing(at: number, text: string): Insertion {
  return { at, isClosing: true, text };
}
