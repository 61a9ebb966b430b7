import type { ValueGroup, ValueSpec, ValueTree } from '../values/value-spec.ts';

/** `values.schema.json`: Helm holds values against it before it renders anything. */
export function valuesSchema(tree: ValueTree): object {
  const { type, properties, additionalProperties } = groupSchema(tree);
  // What Helm itself hands to every chart.
  const all = { ...properties, global: { type: 'object' } };
  return { $schema: 'http://json-schema.org/draft-07/schema#', type, properties: all, additionalProperties };
}

function groupSchema(tree: ValueTree) {
  const properties = Object.entries(tree).map(([key, spec]) => [
    key,
    { description: spec.about, ...schemaOf(spec) },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties) as Readonly<Record<string, object>>,
  };
}

function schemaOf(spec: ValueSpec | ValueGroup): object {
  switch (spec.kind) {
    case 'group':
      return groupSchema(spec.values);
    case 'text':
      return { type: 'string', pattern: spec.pattern };
    case 'choice':
      return { type: 'string', enum: spec.choices };
    case 'integer':
    case 'number':
      return {
        type: spec.default === null ? [spec.kind, 'null'] : spec.kind,
        minimum: spec.min,
        maximum: spec.max,
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'list':
      return { type: 'array', items: itemSchemas[spec.items] };
    case 'object':
      return { type: 'object' };
  }
}

const itemSchemas = {
  text: { type: 'string' },
  'number-or-text': { type: ['integer', 'string'] },
  object: { type: 'object' },
} as const;
