import { describe, expect, test } from 'vitest';
import { chooseRule, type RuleChoice } from './choose-rule.ts';
import { findRoute } from './find-route.ts';
import { parseShiftRequest } from './shift-request.ts';

const text = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: catalog, namespace: bookshop }
spec:
  rules:
    - name: admin
      backendRefs: [{ name: admin }, { name: v1, weight: 3 }]
    - backendRefs: [{ name: v1 }, { name: v2, port: 80 }, { name: v2, port: 81 }]
    - backendRefs: [{ name: v1 }, { name: v3, namespace: other }]
`;

function choose(rule: string | null, ...weights: string[]): RuleChoice {
  const request = parseShiftRequest('bookshop/catalog', weights, rule);
  if (!request.ok) throw new Error('the request is wrong');
  return chooseRule(findRoute(text, request.value.route).routes[0]!, request.value);
}

describe('chooseRule', () => {
  test.each([
    [null, ['admin=1'], 0],
    [null, ['v1=1', 'other/v3=1'], 2],
    [null, ['v2:81=1'], 1],
    ['1', ['v1=1'], 1],
    ['admin', ['v1=1'], 0],
  ])('rule %s with %j is number %d', (rule, weights, index) => {
    expect(choose(rule, ...weights)).toMatchObject({ ok: true, rule: { index } });
  });

  test.each([
    [null, ['v1=1'], /rules 0, 1, 2 have these backends: say which with --rule/],
    ['7', ['v1=1'], /it has no rule 7, but rule admin \(bookshop\/admin, bookshop\/v1\); rule 1/],
    [null, ['v9=1'], /no rule has all of these backends/],
    ['1', ['v9=1'], /rule 1 has no backend for v9=1; it has bookshop\/v1, bookshop\/v2:80, bookshop\/v2:81/],
    ['1', ['v2=1'], /rule 1 has several backends for v2=1/],
    ['1', ['v2:80=1', 'bookshop/v2:80=2'], /second weight/],
    [null, ['bookshop/v3=1'], /no rule has all/],
  ])('rule %s with %j is refused', (rule, weights, reason) => {
    expect(choose(rule, ...weights)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });
});

describe('parseShiftRequest', () => {
  test.each(['v1', 'v1=', 'v1=-1', 'v1=1.5', 'v1=1000001', 'v1=1e3', 'V1=1', '=1', 'v1:x=1'])(
    'refuses the weight %s',
    (weight) => {
      expect(parseShiftRequest('a/b', ['v2=1', weight], null)).toMatchObject({
        ok: false,
        violations: [{ path: weight }],
      });
    },
  );

  test('names everything that is wrong', () => {
    const request = parseShiftRequest('catalog', ['v1', 'v2=x'], null);
    expect(request).toMatchObject({
      ok: false,
      violations: [{ path: 'catalog' }, { path: 'v1' }, { path: 'v2=x' }],
    });
  });
});
