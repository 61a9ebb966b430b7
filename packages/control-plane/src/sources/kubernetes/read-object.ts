import { apiGroups, type KubernetesKind, type KubernetesKinds, parseManifest } from '@tulle/api';
import { apiVersionOf, type RawObject } from '@tulle/kubernetes';
import type { Violation } from '@tulle/model';
import { isSameContent } from '../../same-content.ts';
import { isServiceRef } from '../../translate/service-ref.ts';
import { reflectedKinds } from './reflected-kinds.ts';

/** An object of the cluster as the mesh has it: parsed once at the door, and nothing of the raw one kept. */
export interface ReadObject<K extends KubernetesKind = KubernetesKind> {
  /** Of two objects that had one name after each other, the later inherits nothing. */
  readonly uid: string;
  /** In force: this version, or an earlier one where this cannot be read. Null: there is none that can. */
  readonly object: KubernetesKinds[K] | null;
  /** Why this version cannot be read, or null. */
  readonly rejection: Rejection | null;
  readonly warnings: readonly Violation[];
}

export interface Rejection {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly parentRefs: readonly Readonly<Record<string, unknown>>[];
  readonly violations: readonly Violation[];
}

/** What one object can have kept of what is wrong with it. */
const maxViolations = 20;
/** Gateway API, CommonRouteSpec. */
const maxParentRefs = 32;
const noWarnings: readonly Violation[] = [];
/** Of an object that is somebody else's to judge. */
const nothing = { object: null, rejection: null, warnings: noWarnings } as const;

/**
 * Reads a version of an object. One that says what the previous one said is the previous one: most of what a
 * cluster reports of pods and nodes is nothing that the mesh reads, and what did not change is not translated anew.
 */
export function readObject<K extends KubernetesKind>(
  kind: K,
  raw: RawObject,
  previous: ReadObject<K> | undefined,
): ReadObject<K> {
  const next = parse(kind, raw, previous);
  if (previous === undefined) return next;
  if (isSameContent(previous, next)) return previous;
  const isSame = previous.object !== next.object && isSameContent(previous.object, next.object);
  return isSame ? { ...next, object: previous.object } : next;
}

function parse<K extends KubernetesKind>(
  kind: K,
  raw: RawObject,
  previous: ReadObject<K> | undefined,
): ReadObject<K> {
  const { uid = '' } = raw.metadata;
  const parsed = parseManifest(trim(kind, raw), { isStored: true });
  if (parsed.ok) {
    // What the mesh does not carry out of a route is said by its status, and is none of its business at a Gateway.
    const isQuiet = parsed.warnings.length === 0 || kind === 'HTTPRoute';
    const warnings = isQuiet ? noWarnings : parsed.warnings.slice(0, maxViolations);
    return { uid, object: parsed.value as KubernetesKinds[K], rejection: null, warnings };
  }
  if (kind === 'HTTPRoute' && !parentRefsOf(raw).some(isServiceParent)) return { uid, ...nothing };
  const earlier = previous?.uid === uid ? previous.object : null;
  return { uid, object: earlier, rejection: rejectionOf(raw, parsed.violations), warnings: noWarnings };
}

/** Items of a list have no type of their own; of annotations only the mesh's are read, and others may be long. */
function trim(kind: KubernetesKind, raw: RawObject): object {
  const { metadata } = raw;
  const annotations: Record<string, unknown> = {};
  for (const key in metadata.annotations) {
    if (key.includes(apiGroups.tulle)) annotations[key] = metadata.annotations[key];
  }
  return {
    ...raw,
    apiVersion: apiVersionOf(reflectedKinds[kind].type),
    kind,
    metadata: { ...metadata, annotations },
  };
}

function rejectionOf(raw: RawObject, violations: readonly Violation[]): Rejection {
  const { namespace = '', name, generation = 0 } = raw.metadata;
  const shown = violations.slice(0, maxViolations);
  const more = violations.length - shown.length;
  return {
    namespace,
    name,
    generation: typeof generation === 'number' ? generation : 0,
    parentRefs: parentRefsOf(raw),
    violations: more === 0 ? shown : [...shown, { path: '', reason: `and ${more} more violations` }],
  };
}

function parentRefsOf({ spec }: RawObject): Rejection['parentRefs'] {
  const refs = isRecord(spec) && Array.isArray(spec.parentRefs) ? spec.parentRefs : [];
  return refs.slice(0, maxParentRefs).filter(isRecord);
}

function isServiceParent({ group, kind }: Readonly<Record<string, unknown>>): boolean {
  return typeof group === 'string' && typeof kind === 'string' && isServiceRef({ group, kind });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
