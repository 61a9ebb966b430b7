/** The Kubernetes API: a client in plain JSON, caches that follow it, leadership, events. */
export type { ApiRequest, WatchRequest } from './client/api-request.ts';
export {
  type Connection,
  type Credentials,
  KubeconfigConnection,
  loadKubeconfig,
} from './client/connection.ts';
export {
  type ApplyOptions,
  type DeleteOptions,
  KubernetesClient,
  type KubernetesClientOptions,
  type PatchOptions,
  type WriteOptions,
} from './client/kubernetes-client.ts';
export type { ListOptions } from './client/list-pages.ts';
export { type Query, withQuery } from './client/resource-path.ts';
export { type EventInit, EventRecorder, type EventRecorderOptions } from './events/event-recorder.ts';
export { clientReasons, KubernetesError } from './kubernetes-error.ts';
export { LeaderElector, type LeaderElectorOptions, type LeaseTiming } from './leader/leader-elector.ts';
export {
  keyOf,
  type ObjectInit,
  type ObjectMetadata,
  type ObjectRef,
  type OwnerReference,
  type RawObject,
} from './raw-object.ts';
export type { ChangeListener } from './reflector/change-notifier.ts';
export type { ReadObject } from './reflector/object-cache.ts';
export { Reflector, type ReflectorOptions } from './reflector/reflector.ts';
export type { ReflectorState } from './reflector/reflector-state.ts';
export { apiVersionOf, type ResourceType, resourceName, resourceTypes } from './resource-types.ts';
