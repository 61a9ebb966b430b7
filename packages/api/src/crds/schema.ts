import type { ItemLimits, NumberRange, PatternRule } from '../manifest-node.ts';

/** The part of OpenAPI v3 that a structural schema of a CustomResourceDefinition may have, and that is used here. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** A rule in CEL; what is said where it does not hold is a message, or an expression of one. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden';
}

interface ObjectOptions {
  readonly required?: readonly string[];
  readonly rules?: readonly ValidationRule[];
}

export function objectSchema(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  { required = [], rules = [] }: ObjectOptions = {},
): Schema {
  return {
    type: 'object',
    description,
    ...(required.length === 0 ? {} : { required }),
    properties,
    ...validations(rules),
  };
}

interface MapOptions {
  readonly maxEntries: number;
  readonly rules?: readonly ValidationRule[];
}

/** An object whose keys are the author's. */
export function mapSchema(
  description: string,
  value: Schema,
  { maxEntries, rules = [] }: MapOptions,
): Schema {
  return {
    type: 'object',
    description,
    maxProperties: maxEntries,
    additionalProperties: value,
    ...validations(rules),
  };
}

export function listSchema(description: string, items: Schema, { min, max }: ItemLimits): Schema {
  return {
    type: 'array',
    description,
    ...(min === undefined ? {} : { minItems: min }),
    maxItems: max,
    // Two authors of one list would have to merge it: it has one.
    'x-kubernetes-list-type': 'atomic',
    items,
  };
}

export function textSchema(description: string, { pattern, maxLength }: PatternRule): Schema {
  return { type: 'string', description, maxLength, pattern };
}

/** `cpu: 1` and `cpu: 500m`. The pattern is asked of texts alone. */
export function numberOrTextSchema(description: string, { pattern, maxLength }: PatternRule): Schema {
  return {
    description,
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    maxLength,
    pattern,
  };
}

export function choiceSchema(description: string, choices: readonly string[]): Schema {
  return { type: 'string', description, enum: choices };
}

export function integerSchema(description: string, { min, max }: NumberRange): Schema {
  return { type: 'integer', description, minimum: min, maximum: max };
}

export function numberSchema(description: string, { min, max }: NumberRange): Schema {
  return { type: 'number', description, minimum: min, maximum: max };
}

function validations(rules: readonly ValidationRule[]): Schema {
  return rules.length === 0 ? {} : { 'x-kubernetes-validations': rules };
}
