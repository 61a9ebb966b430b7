import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseManifest } from './manifest.ts';
import { parseYamlDocuments } from './yaml-documents.ts';

/** What the documentation shows must be what the mesh takes. */
const pages = ['README.md', 'docs/operations.md'];

describe.each(pages)('the examples of %s', (page) => {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => match[1]!);

  test('are there', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples.map((example, index) => [index + 1, example] as const))(
    'number %i is valid',
    (_, example) => {
      const { documents, faults } = parseYamlDocuments(example, page);
      expect(faults).toEqual([]);
      for (const { object } of documents) expect(parseManifest(object)).toMatchObject({ ok: true });
    },
  );
});
