import type { ObjectStatus } from '../translate/translated.ts';

export interface ObjectName {
  readonly kind: string;
  /** Empty for kinds of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
}

/** `HTTPRoute shop/catalog`, `MeshConfig default`. */
export function objectName({ kind, namespace, name }: ObjectName): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** What translation said, each under the name that its counts go by: a route has one status for each parent. */
export function keyedStatuses(
  statuses: readonly ObjectStatus[],
): readonly { readonly key: string; readonly status: ObjectStatus }[] {
  const seen = new Map<string, number>();
  return statuses.map((status) => {
    const object = objectName(status);
    const index = seen.get(object) ?? 0;
    seen.set(object, index + 1);
    return { key: status.kind === 'HTTPRoute' ? `${object} ${index}` : object, status };
  });
}
