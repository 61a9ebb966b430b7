import { ManifestNode, type ManifestReport } from '@tulle/api';
import type { Parsed } from '@tulle/model';
import type { ReviewRequest } from './review.ts';

const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
const uidRule = { is: 'a text of 1 to 128 characters', test: (text: string) => /^.{1,128}$/s.test(text) };
const apiVersion = 'admission.k8s.io/v1';

/** The door for what comes over the network; every reason why it is no review that can be answered. */
export function parseReview(text: string): Parsed<ReviewRequest> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { ok: false, violations: [{ path: '', reason: `the body is not JSON: ${reason.slice(0, 200)}` }] };
  }
  const report: ManifestReport = { violations: [], warnings: [] };
  const value = readReview(new ManifestNode(json, '', report));
  return report.violations.length > 0 ? { ok: false, violations: report.violations } : { ok: true, value };
}

function readReview(review: ManifestNode): ReviewRequest {
  review.object({ isRequired: true });
  review.field('apiVersion').text(exactly(apiVersion));
  review.field('kind').text(exactly('AdmissionReview'));
  const request = review.field('request').object({ isRequired: true });
  const kind = request.field('kind').object({ isRequired: true });
  const operation = request.field('operation');
  operation.text();
  return {
    uid: request.field('uid').text(uidRule),
    group: kind.field('group').optionalText() ?? '',
    kind: kind.field('kind').text(),
    subResource: request.field('subResource').optionalText() ?? '',
    namespace: request.field('namespace').optionalText() ?? '',
    name: request.field('name').optionalText() ?? '',
    operation: operation.oneOf(operations, 'CREATE'),
    isDryRun: request.field('dryRun').optionalBoolean() ?? false,
    object: request.field('object').value ?? null,
    oldObject: request.field('oldObject').value ?? null,
  };
}

function exactly(expected: string) {
  return { is: expected, test: (text: string) => text === expected };
}
