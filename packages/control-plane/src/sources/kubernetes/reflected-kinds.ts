import type { KubernetesKind } from '@tulle/api';
import { type ResourceType, resourceTypes } from '@tulle/kubernetes';

export interface ReflectedKind {
  readonly type: ResourceType;
  /** A CustomResourceDefinition that the cluster may lack, or get later. */
  readonly isOptional: boolean;
}

const builtIn = (type: ResourceType): ReflectedKind => ({ type, isOptional: false });
const custom = (type: ResourceType): ReflectedKind => ({ type, isOptional: true });

/** What is watched for each kind that the mesh reads. */
export const reflectedKinds: Readonly<Record<KubernetesKind, ReflectedKind>> = {
  Namespace: builtIn(resourceTypes.namespaces),
  Service: builtIn(resourceTypes.services),
  EndpointSlice: builtIn(resourceTypes.endpointSlices),
  Pod: builtIn(resourceTypes.pods),
  Node: builtIn(resourceTypes.nodes),
  NetworkPolicy: builtIn(resourceTypes.networkPolicies),
  HTTPRoute: custom(resourceTypes.httpRoutes),
  PeerAuthentication: custom(resourceTypes.peerAuthentications),
  MeshConfig: custom(resourceTypes.meshConfigs),
};
