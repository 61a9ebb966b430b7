import { describe, expect, it } from 'vitest';
import { formatFault } from './format-fault.ts';
import { manifestLimits, parseYamlDocuments } from './yaml-documents.ts';

const parse = (text: string) => parseYamlDocuments(text, 'a.yaml');

describe('parseYamlDocuments', () => {
  it('gives documents with the line that each begins on, and leaves out empty ones', () => {
    const { documents, faults } = parse(
      '# a comment\nkind: A\n---\n---\n\nkind: B\nspec:\n  rules:\n    - name: x\n',
    );
    expect(faults).toEqual([]);
    expect(documents.map(({ index, line, object }) => ({ index, line, object }))).toEqual([
      { index: 0, line: 2, object: { kind: 'A' } },
      { index: 2, line: 6, object: { kind: 'B', spec: { rules: [{ name: 'x' }] } } },
    ]);
  });

  it('finds the line of a field, or of what it is missing from', () => {
    const [document] = parse(
      'kind: B\nmetadata:\n  labels:\n    a.b/c: 1\nspec:\n  rules:\n    - name: x\n',
    ).documents;
    expect(document!.lineAt('metadata.labels["a.b/c"]')).toBe(4);
    expect(document!.lineAt('spec.rules[0].name')).toBe(7);
    expect(document!.lineAt('spec.rules[0].weight')).toBe(7);
    expect(document!.lineAt('spec.rules[3]')).toBe(6);
    expect(document!.lineAt('')).toBe(1);
  });

  it('reports a faulty document with its line and gives the others', () => {
    const { documents, faults } = parse('kind: A\n---\na: [1\n---\nkind: C\n');
    expect(documents.map(({ object }) => object)).toContainEqual({ kind: 'A' });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatchObject({ file: 'a.yaml', document: 1 });
  });

  it('reports repeated keys', () => {
    const { documents, faults } = parse('a:\n  b: 1\n  b: 2\n');
    expect(documents).toEqual([]);
    expect(faults).toEqual([
      { file: 'a.yaml', document: 0, line: 3, path: '', reason: 'the key "b" is repeated' },
    ]);
  });

  it('takes a List apart', () => {
    const { documents } = parse('kind: List\nitems:\n- kind: A\n- kind: B\n  spec: 1\n');
    expect(documents.map(({ line, object }) => ({ line, object }))).toEqual([
      { line: 3, object: { kind: 'A' } },
      { line: 4, object: { kind: 'B', spec: 1 } },
    ]);
    expect(documents[1]!.lineAt('spec')).toBe(5);
  });

  it('reads JSON', () => {
    expect(parse('{"kind": "A", "n": 1}').documents[0]!.object).toEqual({ kind: 'A', n: 1 });
  });

  it('survives hostile texts', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`).join('\n')}\n`;
    expect(parse(bomb)).toMatchObject({ documents: [], faults: [{ document: 0 }] });
    expect(parse('['.repeat(100_000)).faults.length).toBeGreaterThan(0);
    expect(parse('x'.repeat(manifestLimits.maxFileBytes + 1)).faults[0]!.reason).toMatch(/is larger than/);
    expect(parse('__proto__: {polluted: true}\n').faults).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('checks many keys in linear time', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
    const startMs = performance.now();
    expect(parse(text).faults).toEqual([]);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe('formatFault', () => {
  it('says file, line, document, path and reason', () => {
    const fault = { file: 'a.yaml', document: 1, line: 12, path: 'spec.x', reason: 'is required' };
    expect(formatFault(fault)).toBe('a.yaml:12 (document 2): spec.x: is required');
    expect(formatFault({ ...fault, document: null, line: null, path: '' })).toBe('a.yaml: is required');
  });
});
