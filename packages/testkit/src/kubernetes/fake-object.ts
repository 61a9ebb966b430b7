/** A resource that the fake API server serves: as a CustomResourceDefinition would say. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
}

export interface FakeMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  generateName?: string;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface FakeObject {
  apiVersion?: string;
  kind?: string;
  metadata: FakeMetadata;
  [field: string]: unknown;
}

export type FakeEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface StoredEvent {
  readonly revision: number;
  readonly type: FakeEventType;
  readonly collection: string;
  readonly object: FakeObject;
  /** What it was before; null where it was not. */
  readonly previous: FakeObject | null;
}

/** A response that is no success, as a Status object. */
export class FakeStatus extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: object;

  constructor(code: number, reason: string, message: string, details: object = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get body(): object {
    const { code, reason, message, details } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      details,
      code,
    };
  }
}

export function collectionOf({ group, version, plural }: ServedResource): string {
  return `${group === '' ? `/api/${version}` : `/apis/${group}/${version}`}/${plural}`;
}

export function fakeKey({ namespace = '', name }: Pick<FakeMetadata, 'namespace' | 'name'>): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

export type FakeFilter = (object: FakeObject) => boolean;

/** Of a request's namespace and selectors; equalities are all that it knows of these. */
export function filterOf(namespace: string, query: URLSearchParams): FakeFilter {
  const labels = equalities(query.get('labelSelector'));
  const fields = equalities(query.get('fieldSelector'));
  return ({ metadata }) =>
    (namespace === '' || metadata.namespace === namespace) &&
    labels.every(([name, value]) => metadata.labels?.[name] === value) &&
    fields.every(([name, value]) => fieldOf(metadata, name) === value);
}

function equalities(selector: string | null): readonly [string, string][] {
  if (selector === null || selector === '') return [];
  return selector.split(',').map((term) => {
    const [name, value] = term.split(/==?/, 2);
    if (value === undefined) throw new FakeStatus(400, 'BadRequest', `the fake knows no selector ${term}`);
    return [name!, value];
  });
}

function fieldOf(metadata: FakeMetadata, name: string): string | undefined {
  if (name === 'metadata.name') return metadata.name;
  if (name === 'metadata.namespace') return metadata.namespace;
  throw new FakeStatus(400, 'BadRequest', `field label not supported: ${name}`);
}
