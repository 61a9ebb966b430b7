/** What operators write: the kinds that the mesh reads, parsed at the door, with labels and defaults. */
export { customResourceDefinitions, type TulleKind } from './crds/crds.ts';
export type { CustomResourceDefinition } from './crds/custom-resource.ts';
export { defaults, sidecarPorts } from './defaults.ts';
export { formatFault, formatPlace } from './format-fault.ts';
export type { EndpointSlice, SliceEndpoint, SlicePort } from './kinds/endpoint-slice.ts';
export type { HttpRoute, HttpRouteRule } from './kinds/http-route.ts';
export type { HttpHeaderMatch, HttpRouteMatch } from './kinds/http-route-match.ts';
export type { BackendRef, ParentRef } from './kinds/http-route-refs.ts';
export type { Injection } from './kinds/injection.ts';
export type { LabelRequirement, LabelSelector } from './kinds/label-selector.ts';
export type { MeshConfig } from './kinds/mesh-config.ts';
export type { Namespace } from './kinds/namespace.ts';
export type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicyRule,
} from './kinds/network-policy.ts';
export type { Node } from './kinds/node.ts';
export type { ObjectMeta } from './kinds/object-meta.ts';
export type { PeerAuthentication } from './kinds/peer-authentication.ts';
export type { Pod } from './kinds/pod.ts';
export type { PodSelector } from './kinds/pod-selector.ts';
export type { AccessLogMode, ProxyDefaults, ProxyLogLevel } from './kinds/proxy-defaults.ts';
export type { ProxyResources, ResourceAmounts } from './kinds/proxy-resources.ts';
export type { KubernetesService, KubernetesServicePort } from './kinds/service.ts';
export type { TracingDefaults } from './kinds/tracing-defaults.ts';
export { annotations, apiGroups, initContainerName, labels, sidecarContainerName } from './labels.ts';
export {
  type ForeignObject,
  type KubernetesKind,
  type KubernetesKinds,
  type KubernetesObject,
  kubernetesKinds,
  objectKey,
  type ParsedManifest,
  type ParseOptions,
  parseManifest,
} from './manifest.ts';
export { isObject, ManifestNode, type ManifestReport } from './manifest-node.ts';
export { nearestName } from './proxy/nearest-name.ts';
export {
  type ProxyOption,
  type ProxyOptions,
  type ProxyOverrides,
  proxyOptionKeys,
  proxyOptions,
} from './proxy/proxy-options.ts';
export { quantityValue } from './proxy/quantity.ts';
export {
  configPrefix,
  type ReadOverrides,
  readConfigAnnotations,
  readProxyOverrides,
} from './proxy/read-overrides.ts';
export {
  type ManifestDocument,
  type ManifestFault,
  manifestLimits,
  type ParsedDocuments,
  parseYamlDocuments,
} from './yaml-documents.ts';
