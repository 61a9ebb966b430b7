import { describe, expect, test } from 'vitest';
import { chooseRule } from './choose-rule.ts';
import { findRoute } from './find-route.ts';
import { rewriteWeights } from './rewrite-weights.ts';
import { parseShiftRequest } from './shift-request.ts';

function route(rules: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: catalog, namespace: bookshop }
spec:
  rules:
${rules}`;
}

function rewrite(text: string, ...weights: string[]): string | null {
  const request = parseShiftRequest('bookshop/catalog', weights, null);
  if (!request.ok) throw new Error('the request is wrong');
  const found = findRoute(text, request.value.route).routes[0]!;
  const choice = chooseRule(found, request.value);
  if (!choice.ok) throw new Error(choice.reason);
  return rewriteWeights(text, found.documentIndex, choice.weights);
}

describe('rewriteWeights', () => {
  test('changes the weights and not a byte more', () => {
    const before = `# head\r\nkind:   Service # odd   spacing\n---\n${route(`
    # the split
    - backendRefs:
      - {name: 'v1',   port: 80, weight:   90}   # old
      -   name: "v2"
          weight: 10 # new
          port:   80


`)}...\n`;
    const after = before
      .replace('weight:   90}', 'weight:   50}')
      .replace('weight: 10 #', 'weight: 500000 #');
    expect(rewrite(before, 'v1=50', 'v2=500000')).toBe(after);
  });

  test('adds a weight where none is written', () => {
    const before = route(`    - backendRefs:
        - name: v1
          port: 80 # http
        - { name: v2, port: 80 }
        - name: v3
          weight:
        - name: v4`);
    const after = route(`    - backendRefs:
        - name: v1
          port: 80 # http
          weight: 2
        - { name: v2, port: 80, weight: 3 }
        - name: v3
          weight: 4
        - name: v4
          weight: 5`);
    expect(rewrite(before, 'v1=2', 'v2=3', 'v3=4', 'v4=5')).toBe(after);
  });

  test('keeps the line ends of Windows', () => {
    const before = route('    - backendRefs:\n        - name: v1\n          port: 80\n').replaceAll(
      '\n',
      '\r\n',
    );
    expect(rewrite(before, 'v1=2')).toBe(`${before.trimEnd()}\r\n          weight: 2\r\n`);
  });

  test('adds a weight after a backend whose last field is a list', () => {
    const before = route(`    - backendRefs:
        - name: v1
          filters:
            - type: RequestHeaderModifier
`);
    expect(rewrite(before, 'v1=2')).toBe(before.replace('name: v1\n', 'name: v1\n          weight: 2\n'));
  });

  test('refuses to change a weight that others share by an anchor', () => {
    const shared = route(`    - backendRefs:
        - { name: v1, weight: &half 50 }
        - { name: v2, weight: *half }
`);
    expect(rewrite(shared, 'v1=10')).toBeNull();
    expect(rewrite(shared, 'v2=10')).toBeNull();
  });
});
