import {
  type KubernetesKind,
  type KubernetesKinds,
  type KubernetesObject,
  kubernetesKinds,
  objectKey,
} from '@tulle/api';

/** Every object that the mesh reads, by kind and then by `<namespace>/<name>`. Readonly: replaced, never changed. */
export type ResourceSet = {
  readonly [K in KubernetesKind]: ReadonlyMap<string, KubernetesKinds[K]>;
};

/** The objects by kind and key; of several with the same key the first one stands. */
export function resourceSetOf(objects: Iterable<KubernetesObject>): ResourceSet {
  const maps = Object.fromEntries(kubernetesKinds.map((kind) => [kind, new Map()])) as {
    [K in KubernetesKind]: Map<string, KubernetesObject>;
  };
  for (const object of objects) {
    const key = objectKey(object);
    if (!maps[object.kind].has(key)) maps[object.kind].set(key, object);
  }
  return maps as ResourceSet;
}
