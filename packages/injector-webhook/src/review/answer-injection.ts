import { assertNever, formatViolations, type Violation } from '@tulle/model';
import { injectPod } from '../inject-pod.ts';
import type { InjectionContext } from '../injection-context.ts';
import { allowed, type ReviewAnswer, type ReviewEvent, type ReviewRequest } from './review.ts';

/** What /inject answers. */
export function answerInjection(request: ReviewRequest, context: InjectionContext): ReviewAnswer {
  const { group, kind, operation, subResource, object } = request;
  if (group !== '' || kind !== 'Pod' || subResource !== '' || operation !== 'CREATE') {
    return { ...allowed, reason: 'not-a-new-pod' };
  }
  const result = injectPod(object, context);
  switch (result.kind) {
    case 'inject': {
      const { patch } = result;
      const warnings = result.warnings.map(lineOf);
      const audit = { decision: `injected ${context.settings.version}` };
      return { ...allowed, outcome: 'injected', reason: 'injected', patch, warnings, audit };
    }
    case 'skip': {
      const { reason, message, isUnexpected } = result;
      const audit = { decision: 'skipped', reason };
      const event = isUnexpected && !request.isDryRun ? skipEvent(request, message) : null;
      const warnings = isUnexpected ? [`tulle: no sidecar: ${message}`] : [];
      return { ...allowed, outcome: 'skipped', reason, audit, event, warnings };
    }
    case 'deny': {
      const denial = formatViolations(result.violations);
      return { ...allowed, outcome: 'denied', reason: 'invalid', denial, audit: { decision: 'denied' } };
    }
    default:
      return assertNever(result);
  }
}

function lineOf(violation: Violation): string {
  return `tulle: ${formatViolations([violation])}`;
}

interface Named {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly name?: unknown;
  readonly uid?: unknown;
  readonly controller?: unknown;
}

/** About what made the pod: the pod does not exist yet, and may have no name. */
function skipEvent(request: ReviewRequest, message: string): ReviewEvent {
  const { metadata } = request.object as { metadata?: { ownerReferences?: unknown; name?: unknown } };
  const owners = Array.isArray(metadata?.ownerReferences) ? (metadata.ownerReferences as Named[]) : [];
  const owner = owners.find((one) => one?.controller === true && typeof one.name === 'string');
  const { namespace } = request;
  const note = `Pods have no sidecar: ${message}`;
  if (owner === undefined) {
    const name = typeof metadata?.name === 'string' && metadata.name !== '' ? metadata.name : request.name;
    const regarding = { apiVersion: 'v1', kind: 'Pod', metadata: { name: name || 'unnamed', namespace } };
    return { regarding, reason: 'SidecarNotInjected', note };
  }
  const uid = typeof owner.uid === 'string' ? { uid: owner.uid } : {};
  const regarding = {
    apiVersion: String(owner.apiVersion),
    kind: String(owner.kind),
    metadata: { name: String(owner.name), namespace, ...uid },
  };
  return { regarding, reason: 'SidecarNotInjected', note };
}
