/** The mesh's vocabulary: readonly domain types, and the names that they go by. Imports nothing. */
export { assertNever } from './assert-never.ts';
export type { Endpoint, EndpointSet, EndpointTransport } from './endpoint.ts';
export { formatSpiffeId, parseSpiffeId, type SpiffeId } from './identity.ts';
export type { MtlsMode, MtlsRule } from './mtls.ts';
export {
  formatName,
  formatServicePort,
  type NamespacedName,
  parseName,
  parseServicePort,
  type ServicePortName,
} from './names.ts';
export type { Peer, PeerPort } from './peer.ts';
export {
  type MeshResource,
  type MeshResources,
  type ResourceKind,
  resourceKinds,
  resourceName,
} from './resource.ts';
export type { Parsed } from './result.ts';
export type { Backend, HeaderMatch, PathMatch, RouteMatch, RouteRule, RouteTable } from './route.ts';
export type { AppProtocol, Service, ServicePort } from './service.ts';
export type { TrustBundle } from './trust-bundle.ts';
export { formatViolations, type Violation } from './violation.ts';
export type { InboundPort, UnknownDestinations, Workload } from './workload.ts';
