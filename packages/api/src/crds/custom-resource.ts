import { apiGroups } from '../labels.ts';
import { objectSchema, type Schema, type ValidationRule } from './schema.ts';
import { statusSchema } from './status-schema.ts';

/** What a kind says of itself; all else is the same for every kind. */
export interface CustomResource {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly description: string;
  readonly spec: Schema;
  /** Of the whole object, where the name can be asked for. */
  readonly rules?: readonly ValidationRule[];
  /** What `kubectl get` shows between the name and the conditions. */
  readonly columns: readonly PrinterColumn[];
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 1: only with `-o wide`. */
  readonly priority?: number;
}

/** An object as it is written to YAML. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

const version = 'v1alpha1';

export function customResourceDefinition(resource: CustomResource): CustomResourceDefinition {
  const { kind, plural, shortNames, isNamespaced } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${apiGroups.tulle}`, labels: { 'app.kubernetes.io/part-of': 'tulle' } },
    spec: {
      group: apiGroups.tulle,
      scope: isNamespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ['tulle'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [...resource.columns, ...conditionColumns],
          schema: { openAPIV3Schema: rootSchema(resource) },
        },
      ],
    },
  };
}

function rootSchema({ description, spec, rules = [] }: CustomResource): Schema {
  return objectSchema(
    description,
    {
      apiVersion: { type: 'string', description: `${apiGroups.tulle}/${version}` },
      kind: { type: 'string', description: 'The kind of object that this is.' },
      metadata: { type: 'object' },
      spec,
      status: statusSchema,
    },
    { rules },
  );
}

const conditionColumns: readonly PrinterColumn[] = [
  conditionColumn('Accepted', 'status'),
  conditionColumn('Programmed', 'status'),
  { ...conditionColumn('Programmed', 'message'), name: 'Proxies', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function conditionColumn(type: string, field: 'status' | 'message'): PrinterColumn {
  return { name: type, type: 'string', jsonPath: `.status.conditions[?(@.type=="${type}")].${field}` };
}
