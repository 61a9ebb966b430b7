import { type InjectionContext, injectPod } from '@tulle/injector-webhook';
import { formatViolations, type Violation } from '@tulle/model';
import { type Document, isMap, type ParsedNode, parseAllDocuments } from 'yaml';
import { expandAliases, unknownAlias } from './expand-aliases.ts';
import { patchDocument } from './patch-document.ts';
import { podPlaceOf } from './pod-places.ts';

export interface InjectedDocuments {
  readonly text: string;
  /** What was done with each object that has a pod: `Deployment shop/web: injected`. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** What stands in the way; the text is then of no use. */
  readonly faults: readonly string[];
}

export interface DocumentsOptions {
  readonly context: Omit<InjectionContext, 'namespace'>;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly file: string;
}

/** Every object with a pod gets its sidecar, as if its namespace were labelled; all else stays as it is, comments too. */
export function injectDocuments(text: string, options: DocumentsOptions): InjectedDocuments {
  // What goes to a cluster is read by the rules of YAML 1.1: `off` would be false there.
  const documents = parseAllDocuments(text, { compat: 'yaml-1.1' });
  const all = Array.isArray(documents) ? documents : [];
  const result = { notes: [] as string[], warnings: [] as string[], faults: [] as string[] };
  for (const document of all) {
    const broken = faultOf(document);
    if (broken !== null) result.faults.push(`${options.file}: ${broken}`);
    else injectDocument(document, options, result);
  }
  return { ...result, text: result.faults.length > 0 ? '' : all.map(String).join('') };
}

function faultOf(document: Document.Parsed<ParsedNode>): string | null {
  const [error] = document.errors;
  if (error !== undefined) return error.message;
  const alias = unknownAlias(document);
  return alias === null ? null : `there is no anchor &${alias} before *${alias}`;
}

type Result = { readonly [K in 'notes' | 'warnings' | 'faults']: string[] };

function injectDocument(
  document: Document.Parsed<ParsedNode>,
  options: DocumentsOptions,
  result: Result,
): void {
  if (!isMap(document.contents)) return;
  const kind = document.get('kind');
  if (kind !== 'List' && podPlaceOf(kind) === null) return;
  if (!expandAliases(document)) {
    result.faults.push(`${options.file}: its aliases stand for too much`);
    return;
  }
  const { items } = document.toJS() as { readonly items?: unknown };
  if (kind === 'List' && Array.isArray(items)) {
    for (const index of items.keys()) injectAt(document, ['items', index], options, result);
  } else injectAt(document, [], options, result);
}

function injectAt(
  document: Document.Parsed<ParsedNode>,
  root: readonly (string | number)[],
  { context, namespace, file }: DocumentsOptions,
  result: Result,
): void {
  const text = (...keys: readonly string[]) => {
    const value = document.getIn([...root, ...keys]);
    return typeof value === 'string' ? value : null;
  };
  const kind = text('kind');
  const podPlace = podPlaceOf(kind);
  if (podPlace === null) return;
  const place = [...root, ...podPlace];
  const ownNamespace = text('metadata', 'namespace') ?? namespace;
  const what = `${kind} ${ownNamespace}/${text('metadata', 'name') ?? '?'}`;
  const pod = valueAt(document.toJS(), place);
  const labelled = { name: ownNamespace, labels: { 'tulle.dev/inject': 'enabled' }, annotations: {} };
  const injected = injectPod(pod, { ...context, namespace: labelled });
  const told = (violations: readonly Violation[]) =>
    violations.map((violation) => `${file}: ${what}: ${formatViolations([violation])}`);
  switch (injected.kind) {
    case 'inject':
      patchDocument(document, place, injected.patch);
      result.notes.push(`${what}: injected`);
      result.warnings.push(...told(injected.warnings));
      return;
    case 'skip':
      result.notes.push(`${what}: left as it is, since ${injected.message}`);
      return;
    case 'deny':
      result.faults.push(...told(injected.violations));
  }
}

function valueAt(value: unknown, keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) => (inner as Record<string | number, unknown> | null)?.[key],
    value,
  );
}
