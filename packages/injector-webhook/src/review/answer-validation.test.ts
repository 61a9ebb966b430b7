import { describe, expect, test } from 'vitest';
import { answerValidation } from './answer-validation.ts';
import type { ReviewRequest } from './review.ts';

const context = { trustDomain: 'cluster.local' };

function request(object: object, changes: Partial<ReviewRequest> = {}): ReviewRequest {
  const { kind } = object as { kind: string };
  return {
    uid: 'u',
    group: kind === 'Pod' || kind === 'Namespace' ? '' : 'tulle.dev',
    kind,
    subResource: '',
    namespace: '',
    name: 'x',
    operation: 'CREATE',
    isDryRun: false,
    object,
    oldObject: null,
    ...changes,
  };
}

const policy = (mode: string, metadata: object = { name: 'p', namespace: 'shop' }) => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'PeerAuthentication',
  metadata,
  spec: { mtls: { mode } },
});
const config = (spec: object) => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'MeshConfig',
  metadata: { name: 'default' },
  spec,
});
const namespace = (labels: object, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels, annotations },
});
const denial = (...args: Parameters<typeof request>) => answerValidation(request(...args), context).denial;
const mislabelled = 'metadata.labels["tulle.dev/inject"]: must be enabled or disabled, not "yes"';

describe('validation', () => {
  test('refuses an invalid object in the words of the file source, and lets a valid one pass', () => {
    expect(denial(policy('ON'))).toBe(
      'spec.mtls.mode: must be one of STRICT, PERMISSIVE, DISABLE, UNSET, not "ON"',
    );
    expect(denial(policy('STRICT'))).toBeNull();
  });

  test('passes warnings on', () => {
    const answer = answerValidation(request(config({ tracing: { smaple: 1 } })), context);
    expect(answer).toMatchObject({
      denial: null,
      warnings: ['tulle: spec.tracing.smaple: is not a known field'],
    });
  });

  test('takes a name that the API server is still to make', () => {
    expect(denial(policy('STRICT', { generateName: 'p-', namespace: 'shop' }), { name: '' })).toBeNull();
  });

  test('compares the trust domain with the one that was installed', () => {
    expect(denial(config({ trustDomain: 'cluster.local' }))).toBeNull();
    expect(denial(config({ trustDomain: 'example.org' }))).toBe(
      'spec.trustDomain: must be cluster.local, which was settled at the installation, not example.org',
    );
  });

  test.each(['Pod', 'Namespace'])('refuses a label of a %s that is neither of its two values', (kind) => {
    const object = { ...namespace({ 'tulle.dev/inject': 'yes' }), kind };
    expect(denial(object)).toBe(mislabelled);
    expect(denial({ ...namespace({ 'tulle.dev/inject': 'disabled' }), kind })).toBeNull();
  });

  test('refuses settings of a namespace that cannot be, and warns of a name that is none', () => {
    const name = (one: string) => `config.tulle.dev/${one}`;
    expect(denial(namespace({}, { [name('workers')]: 'many' }))).toContain('a whole number from 1 to 64');
    const odd = answerValidation(request(namespace({}, { [name('worker')]: '2' })), context);
    expect(odd).toMatchObject({
      denial: null,
      warnings: [expect.stringContaining('config.tulle.dev/workers')],
    });
  });

  test('does not refuse again what stood before, nor what is on its way out', () => {
    const old = namespace({ 'tulle.dev/inject': 'yes' });
    const update = { operation: 'UPDATE', oldObject: old } as const;
    expect(denial({ ...old, metadata: { ...old.metadata, finalizers: [] } } as never, update)).toBeNull();
    expect(denial(namespace({ 'tulle.dev/inject': 'no' }), update)).toContain('not "no"');
    const leaving = policy('ON', { name: 'p', namespace: 'shop', deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(denial(leaving)).toBeNull();
  });

  test('leaves statuses and deletions alone', () => {
    expect(denial(policy('ON'), { subResource: 'status' })).toBeNull();
    expect(denial(policy('ON'), { operation: 'DELETE' })).toBeNull();
  });
});
