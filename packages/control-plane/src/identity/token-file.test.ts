import { describe, expect, it } from 'vitest';
import { parseTokenFile, sha256Of } from './token-file.ts';

const token = 'web-token-0123456789';

describe('parseTokenFile', () => {
  it('reads tokens in plain and by digest to the same entry', () => {
    const digest = sha256Of(token).toString('hex');
    const [plain, hashed] = [`token: ${token}`, `sha256: ${digest}`].map((field) =>
      parseTokenFile(`tokens:\n  - { ${field}, namespace: bookshop, serviceAccount: web, pod: web-1 }\n`),
    );
    expect(plain).toEqual(hashed);
    expect(plain).toEqual({
      ok: true,
      value: [{ sha256: sha256Of(token), namespace: 'bookshop', serviceAccount: 'web', pod: 'web-1' }],
    });
  });

  it('reports every violation with its path', () => {
    const parsed = parseTokenFile(`
tokens:
  - { namespace: bookshop, serviceAccount: web }
  - { token: short, namespace: Not_A_Name, serviceAccount: web, pod: 7 }
  - { token: ${token}, namespace: a, serviceAccount: b, colour: red }
  - { token: ${token}, namespace: a, serviceAccount: b }
  - { sha256: ${sha256Of(token).toString('hex')}, namespace: a, serviceAccount: c }
  - text
`);
    const paths = parsed.ok ? [] : parsed.violations.map(({ path }) => path);
    expect(paths).toEqual([
      'tokens[0]',
      'tokens[1].token',
      'tokens[1].namespace',
      'tokens[1].pod',
      'tokens[2]',
      'tokens[4]',
      'tokens[5]',
    ]);
  });

  it('quotes no token, whatever is wrong', () => {
    for (const text of [
      `tokens:\n  - token: ${token}\n    token: ${token}\n`,
      `tokens: [{ token: "${token}, namespace: a }]`,
      `tokens:\n - token: ${token}\n  namespace: a`,
      `tokens: [{ ${token}: x, namespace: a, serviceAccount: b }]`,
      `tokens: [{ token: ${token}, namespace: ${token}!, serviceAccount: "${token} x" }]`,
      `a: &a ${token}\ntokens: [*a, *a]`,
    ]) {
      const parsed = parseTokenFile(text);
      expect(parsed.ok).toBe(false);
      expect(JSON.stringify(parsed)).not.toContain(token);
    }
  });

  it.each(['', 'tokens: 1', '[]', 'null', 'tokens: {}'])('refuses %j', (text) => {
    expect(parseTokenFile(text)).toMatchObject({ ok: false, violations: [{ path: 'tokens' }] });
  });
});
