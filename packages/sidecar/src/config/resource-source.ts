import type { MeshResources, ResourceKind } from '@tulle/model';

/** What is known of a name: nothing yet, that it does not exist, or the last good resource. */
export type ResourceState<T> =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'known'; readonly resource: T };

export interface ResourceWatch<K extends ResourceKind> {
  readonly state: ResourceState<MeshResources[K]>;
  stop(): void;
}

/** Where resources come from, one name at a time. The stores see discovery only through this. */
export interface ResourceSource {
  /**
   * Subscribes to a name or an alias. `onChange` is called after each change of the state, never before
   * this has returned: look at `state` first, for what is in memory already.
   */
  watch<K extends ResourceKind>(
    kind: K,
    name: string,
    onChange: (state: ResourceState<MeshResources[K]>) => void,
  ): ResourceWatch<K>;
}
