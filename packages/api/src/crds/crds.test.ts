import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { parseManifest } from '../manifest.ts';
import { customResourceDefinitions } from './crds.ts';
import type { Schema } from './schema.ts';

/** The same tables are asked of a cluster in test/kubernetes: what a reader takes, its schema has to take. */
interface Case {
  readonly kind: string;
  readonly name?: string;
  readonly spec?: unknown;
  readonly says?: readonly string[];
}

const cases = (file: string) =>
  parse(readFileSync(new URL(`../../testdata/crds/${file}`, import.meta.url), 'utf8')) as readonly Case[];

const read = ({ kind, name = 'default', spec }: Case) =>
  parseManifest({ apiVersion: 'tulle.dev/v1alpha1', kind, metadata: { name }, spec });

test.each(cases('taken.yaml'))('%j is taken', (taken) => {
  expect(read(taken)).toMatchObject({ ok: true, warnings: [] });
});

test.each(cases('refused.yaml'))('%j is refused, and the reader says why', (refused) => {
  const parsed = read(refused);
  const said = parsed.ok ? [] : parsed.violations.map(({ path, reason }) => `${path}: ${reason}`);
  expect(said).toEqual(refused.says);
});

describe.each(customResourceDefinitions.map((definition) => [definition.metadata.name, definition] as const))(
  '%s',
  (name, { spec }) => {
    const [version] = spec.versions as readonly {
      readonly subresources: object;
      readonly additionalPrinterColumns: readonly { readonly jsonPath: string }[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
    const schemas = nested(version!.schema.openAPIV3Schema, '');

    it('bounds whatever an author can make large, so that the cost of its rules is bounded', () => {
      const unbounded = schemas.filter(
        ([path, schema]) => !path.startsWith('/status/') && isUnbounded(schema),
      );
      expect(unbounded.map(([path]) => path)).toEqual(['/apiVersion', '/kind']);
    });

    it('describes every field', () => {
      const silent = schemas.filter(([, { description }]) => (description ?? '') === '');
      expect(silent.map(([path]) => path)).toEqual(['/metadata']);
    });

    it('keeps its status apart, and is listed with the rest of the mesh', () => {
      expect(version!.subresources).toEqual({ status: {} });
      expect(spec.names).toMatchObject({ categories: ['tulle'], plural: name.replace('.tulle.dev', '') });
    });
  },
);

function isUnbounded({ type, enum: choices, maxLength, maxItems, additionalProperties, ...rest }: Schema) {
  if (type === 'string') return choices === undefined && maxLength === undefined;
  if (type === 'array') return maxItems === undefined;
  return additionalProperties !== undefined && rest.maxProperties === undefined;
}

function nested(schema: Schema, path: string): readonly (readonly [string, Schema])[] {
  const below = Object.entries(schema.properties ?? {}).map(
    ([key, child]) => [`${path}/${key}`, child] as const,
  );
  if (schema.items !== undefined) below.push([`${path}/*`, schema.items]);
  if (schema.additionalProperties !== undefined) below.push([`${path}/*`, schema.additionalProperties]);
  return [[path, schema] as const, ...below.flatMap(([childPath, child]) => nested(child, childPath))];
}
