import { expect, test } from 'vitest';
import { environmentReads } from './environment.mjs';
import { headingAnchors, relativeLinks } from './links.mjs';

test.each([
  'const x = process.env.HOME;',
  "const x = process['env'];",
  'const { env } = process;',
  "import { env } from 'node:process';",
  "import { env as e } from 'process';",
])('sees that %s reads the environment', (code) => {
  expect(environmentReads('a.ts', code)).toHaveLength(1);
});

test.each(['// only main.ts reads process.env', "const x = 'process.env';", 'const { env } = options;'])(
  'lets %s pass',
  (code) => {
    expect(environmentReads('a.ts', code)).toEqual([]);
  },
);

test('finds the relative links of a page, and none in code or to the web', () => {
  const page = [
    '[a](docs/a.md) and [b](<docs/b.md#part> "title")',
    '```',
    '[c](c.md)',
    '```',
    '`[d](d.md)` [web](https://example.com) [mail](mailto:a@example.com)',
    '[ref]: e.md',
  ].join('\n');
  expect(relativeLinks(page)).toEqual([
    { target: 'docs/a.md', line: 1 },
    { target: 'docs/b.md#part', line: 1 },
    { target: 'e.md', line: 6 },
  ]);
});

test('makes the anchors that GitHub makes', () => {
  expect(headingAnchors('# Life of a request\n## `npm test`, and more\n## Life of a request\n')).toEqual([
    'life-of-a-request',
    'npm-test-and-more',
    'life-of-a-request-1',
  ]);
});
