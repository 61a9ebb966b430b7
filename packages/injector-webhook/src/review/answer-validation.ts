import { apiGroups, isObject, labels, parseManifest, readConfigAnnotations } from '@tulle/api';
import { formatViolations, type Violation } from '@tulle/model';
import { allowed, type ReviewAnswer, type ReviewRequest } from './review.ts';

export interface ValidationContext {
  /** Null: not known yet; then nothing is compared with it. */
  readonly trustDomain: string | null;
}

interface Findings {
  readonly violations: readonly Violation[];
  readonly warnings: readonly Violation[];
}

/**
 * What /validate answers: the text is that of the file source and `tulle validate`. What stood before and is as it was
 * is not refused: else an object that came past this webhook could not even lose a finalizer.
 */
export function answerValidation(request: ReviewRequest, context: ValidationContext): ReviewAnswer {
  const { operation, subResource, object, oldObject } = request;
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWrite || subResource !== '' || isBeingDeleted(object)) return allowed;
  const found = findingsOf(request, object, context);
  const before = operation === 'UPDATE' ? findingsOf(request, oldObject, context).violations : [];
  const known = new Set(before.map((violation) => formatViolations([violation])));
  const violations = found.violations.filter((violation) => !known.has(formatViolations([violation])));
  const warnings = found.warnings.map((warning) => `tulle: ${formatViolations([warning])}`);
  if (violations.length === 0) return { ...allowed, warnings };
  return { ...allowed, outcome: 'denied', reason: 'invalid', denial: formatViolations(violations), warnings };
}

function isBeingDeleted(object: unknown): boolean {
  return isObject(object) && isObject(object.metadata) && object.metadata.deletionTimestamp !== undefined;
}

function findingsOf(request: ReviewRequest, object: unknown, context: ValidationContext): Findings {
  if (request.group === apiGroups.tulle) return ownKind(named(object, request), context);
  const isPlatform = request.group === '' && (request.kind === 'Pod' || request.kind === 'Namespace');
  return isPlatform ? platformKind(object, request.kind) : { violations: [], warnings: [] };
}

function ownKind(object: unknown, { trustDomain }: ValidationContext): Findings {
  const parsed = parseManifest(object);
  if (!parsed.ok) return parsed;
  const { value, warnings } = parsed;
  if (value.kind !== 'MeshConfig' || trustDomain === null) return { violations: [], warnings };
  if (value.trustDomain === null || value.trustDomain === trustDomain) return { violations: [], warnings };
  const reason = `must be ${trustDomain}, which was settled at the installation, not ${value.trustDomain}`;
  return { violations: [{ path: 'spec.trustDomain', reason }], warnings };
}

/** With a name as the API server will make one. */
function named(object: unknown, { name }: ReviewRequest): unknown {
  if (!isObject(object) || !isObject(object.metadata)) return object;
  const { metadata } = object;
  if (typeof metadata.name === 'string' && metadata.name !== '') return object;
  const made = name !== '' ? name : `${String(metadata.generateName ?? '')}00000`;
  return metadata.generateName === undefined ? object : { ...object, metadata: { ...metadata, name: made } };
}

function platformKind(object: unknown, kind: string): Findings {
  const metadata = isObject(object) && isObject(object.metadata) ? object.metadata : {};
  const value = isObject(metadata.labels) ? metadata.labels[labels.inject] : undefined;
  const path = `metadata.labels["${labels.inject}"]`;
  const reason = `must be enabled or disabled, not ${JSON.stringify(value)}`;
  const isFine = value === undefined || value === 'enabled' || value === 'disabled';
  const mislabelled = isFine ? [] : [{ path, reason }];
  // A pod's are judged where it is injected; once it runs they mean nothing.
  if (kind === 'Pod') return { violations: mislabelled, warnings: [] };
  const { violations, warnings } = readConfigAnnotations(metadata.annotations);
  return { violations: [...mislabelled, ...violations], warnings };
}
