import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@tulle/testkit';
import { describe, expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';
import { answerInjection } from './answer-injection.ts';
import { answerValidation } from './answer-validation.ts';
import { formatAnswer } from './format-answer.ts';
import { parseReview } from './parse-review.ts';

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'review');
const files = readdirSync(corpus);
const read = (file: string) => readFileSync(join(corpus, file), 'utf8');

describe('a review', () => {
  test('is read', () => {
    expect(parseReview(read('pod.json'))).toMatchObject({
      ok: true,
      value: { uid: 'u-1', kind: 'Pod', group: '', namespace: 'shop', operation: 'CREATE', isDryRun: false },
    });
  });

  test.each([
    ['', 'the body is not JSON'],
    ['[]', 'must be an object, not a list'],
    ['null', 'is required'],
    ['{}', 'apiVersion: is required'],
    [
      '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}',
      'apiVersion: must be admission.k8s.io/v1',
    ],
    ['{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', 'request: is required'],
    [`{"request":{"uid":"${'x'.repeat(129)}"}}`, 'request.uid: must be a text of 1 to 128'],
    ['{"request":{"uid":7,"operation":"PATCH"}}', 'request.operation: must be one of CREATE'],
    ['{"request":{"kind":"Pod"}}', 'request.kind: must be an object'],
  ])('%j is refused with what is wrong', (text, reason) => {
    const parsed = parseReview(text);
    const told = parsed.ok
      ? []
      : parsed.violations.map(({ path, reason: why }) => `${path}: ${why}`.replace(/^: /, ''));
    expect(told.some((one) => one.startsWith(reason))).toBe(true);
  });

  test('whatever it holds is answered or refused', () => {
    const random = seededRandom(7);
    for (const file of files) {
      const text = read(file);
      answer(text);
      for (let round = 0; round < 200; round++) answer(mutate(text, random));
    }
  });
});

/** Must not throw; what it answers is JSON with the uid of the request. */
function answer(text: string): void {
  const parsed = parseReview(text);
  if (!parsed.ok) {
    expect(parsed.violations.length).toBeGreaterThan(0);
    return;
  }
  for (const one of [
    answerInjection(parsed.value, testContext()),
    answerValidation(parsed.value, { trustDomain: 'cluster.local' }),
  ]) {
    const json = JSON.parse(JSON.stringify(formatAnswer(parsed.value.uid, one)));
    expect(json.response.uid).toBe(parsed.value.uid);
    expect(json.response.allowed).toBe(one.denial === null);
  }
}

const pieces = ['null', '7', '"x"', '[]', '{}', 'true', '-1e999', '"__proto__"', '[null]', '{"name":{}}'];

/** Another value in place of one, a key taken away, or a byte changed. */
function mutate(text: string, random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const values = [...text.matchAll(/"[^"]*"(?=\s*[,}\]])|\b\d+\b|\btrue\b|\{\}|\[\]/g)];
  const at = pick(values);
  if (random() < 0.8)
    return `${text.slice(0, at.index)}${pick(pieces)}${text.slice(at.index + at[0].length)}`;
  const index = Math.floor(random() * text.length);
  return `${text.slice(0, index)}${pick(['{', '"', ':', '\u0000', '9'])}${text.slice(index + 1)}`;
}
