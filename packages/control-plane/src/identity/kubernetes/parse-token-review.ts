import type { AuthenticationResult } from '../authenticator.ts';

const podNameKey = 'authentication.kubernetes.io/pod-name';
const podUidKey = 'authentication.kubernetes.io/pod-uid';

/** An RFC 1123 label, and a subdomain. */
const accountPattern =
  /^system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;
const podPattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const maxReasonChars = 500;

/**
 * What the API server says of a token, in the `status` of a TokenReview (authentication.k8s.io/v1). Accepted are tokens
 * of service accounts for this audience that are bound to a pod: with the pod, the token ends too.
 */
export function parseTokenReview(review: unknown, audience: string): AuthenticationResult {
  const status = recordAt(review, 'status');
  if (status.authenticated !== true) {
    const said =
      typeof status.error === 'string' && status.error !== '' ? status.error : 'it gives no reason';
    return refused(`the API server does not accept the token: ${said.slice(0, maxReasonChars)}`);
  }
  // An API server that knows no audiences accepts any token and says none (TokenReview, status.audiences).
  if (!listAt(status, 'audiences').includes(audience)) {
    return refused(
      `the token is not for the audience ${audience}: mount a projected serviceAccountToken with audience ${audience}`,
    );
  }
  const user = recordAt(status, 'user');
  const [, namespace, serviceAccount] = accountPattern.exec(String(user.username)) ?? [];
  if (namespace === undefined || serviceAccount === undefined) {
    return refused("the token is not a service account's");
  }
  const extra = recordAt(user, 'extra');
  const pod = oneOf(listAt(extra, podNameKey));
  const podUid = oneOf(listAt(extra, podUidKey));
  if (pod === null || podUid === null || !podPattern.test(pod)) {
    return refused(
      `the token of ${namespace}/${serviceAccount} is not bound to a pod: mount a projected serviceAccountToken; ` +
        'one of a Secret, or made without --bound-object-kind Pod, is not taken',
    );
  }
  return { kind: 'accepted', namespace, serviceAccount, pod, podUid };
}

function refused(reason: string): AuthenticationResult {
  return { kind: 'refused', reason };
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = isRecord(value) ? value[key] : undefined;
  return isRecord(found) ? found : {};
}

function listAt(value: Readonly<Record<string, unknown>>, key: string): readonly unknown[] {
  const found = value[key];
  return Array.isArray(found) ? found : [];
}

function oneOf(values: readonly unknown[]): string | null {
  const [value] = values;
  return values.length === 1 && typeof value === 'string' && value !== '' ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
