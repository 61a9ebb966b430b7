/** An object's JSON as the API server sent it; nothing of it has been checked but that it has a name. */
export interface RawObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** Kubernetes API conventions, metadata: the fields that programs read. */
export interface ObjectMetadata {
  readonly name: string;
  /** Absent on objects of the whole cluster. */
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque: only equality means something. */
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly generateName?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** What is sent to the API server; apiVersion and kind are those of the resource type. */
export interface ObjectInit {
  readonly metadata?: Partial<ObjectMetadata>;
  readonly [field: string]: unknown;
}

export interface ObjectRef {
  /** '' for objects of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`; the name alone for objects of the whole cluster. */
export function keyOf({ metadata }: RawObject): string {
  const { namespace, name } = metadata;
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** Whether the JSON has what everything here relies on. */
export function isRawObject(json: unknown): json is RawObject {
  if (!isRecord(json) || !isRecord(json.metadata)) return false;
  return typeof json.metadata.name === 'string' && json.metadata.name !== '';
}

export function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
