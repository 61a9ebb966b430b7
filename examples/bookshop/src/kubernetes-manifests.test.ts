import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'examples/bookshop/kubernetes');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// biome-ignore lint/suspicious/noExplicitAny: objects of every kind.
const objects: any[] = readdirSync(folder).flatMap((name) =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => document.toJS()),
);
const templates = objects.flatMap(
  ({ kind, spec }) => (kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template) ?? [],
);

test('every container runs a program of the image of this version', () => {
  expect(templates.length).toBeGreaterThan(5);
  for (const { spec } of templates) {
    for (const { image, args } of spec.containers) {
      expect(image).toBe(`tulle.dev/bookshop:${version}`);
      const program = /^\/app\/(\w+)\.mjs$/.exec(args[0])?.[1];
      expect(existsSync(join(folder, `../src/services/${program}.ts`))).toBe(true);
    }
  }
});

test('the manifests know nothing of the mesh', () => {
  for (const { metadata } of [...objects, ...templates])
    expect(Object.keys({ ...metadata.labels, ...metadata.annotations }).join()).not.toContain('tulle');
});

test('every kind of probe is among them', () => {
  const containers = templates.flatMap(({ spec }) => spec.containers);
  const probes = containers.flatMap((container) =>
    ['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((name) => Object.keys(container[name] ?? {})),
  );
  for (const kind of ['httpGet', 'grpc', 'tcpSocket', 'exec']) expect(probes).toContain(kind);
  expect(containers.some(({ startupProbe }) => startupProbe !== undefined)).toBe(true);
});
