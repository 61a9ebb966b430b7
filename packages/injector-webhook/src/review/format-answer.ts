import type { ReviewAnswer } from './review.ts';

/** The API server shortens a warning beyond this, and drops those beyond the sum (KEP-1693). */
const maxWarningChars = 256;
const maxWarningsChars = 4_096;
const maxMessageChars = 16_384;

/** The AdmissionReview that answers; its uid is the request's. */
export function formatAnswer(uid: string, answer: ReviewAnswer): object {
  const { denial, patch, audit } = answer;
  const warnings = shortWarnings(answer.warnings);
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: denial === null,
      ...(denial === null
        ? {}
        : { status: { code: 422, reason: 'Invalid', message: shorten(denial, maxMessageChars) } }),
      ...(patch.length === 0 || denial !== null
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(Object.keys(audit).length === 0 ? {} : { auditAnnotations: audit }),
    },
  };
}

function shortWarnings(warnings: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let left = maxWarningsChars;
  for (const warning of warnings) {
    const text = shorten(warning, maxWarningChars);
    left -= text.length;
    if (left < 0) break;
    kept.push(text);
  }
  return kept;
}

function shorten(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 3)}...`;
}
