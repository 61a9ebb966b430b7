/** The wire: generated messages, codecs between them and the model, and gRPC services made of them. */
export { decodeResource, encodeResource } from './codec/resource-codec.ts';
export {
  type DeltaResponseParts,
  type EncodedResource,
  encodeDeltaResponse,
  encodeEnvelope,
  type ResourceEnvelope,
} from './delta-response.ts';
export { type Node, NodeSchema } from './gen/envoy/config/core/v3/base_pb.ts';
export { AggregatedDiscoveryService } from './gen/envoy/service/discovery/v3/ads_pb.ts';
export {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type Resource,
  ResourceSchema,
} from './gen/envoy/service/discovery/v3/discovery_pb.ts';
export { type Status, StatusSchema } from './gen/google/rpc/status_pb.ts';
export {
  IdentityService,
  type SignCertificateRequest,
  SignCertificateRequestSchema,
  type SignCertificateResponse,
  SignCertificateResponseSchema,
} from './gen/tulle/identity/v1/identity_pb.ts';
export {
  type BidiMethod,
  createGrpcClient,
  type GrpcClient,
  type GrpcClientOptions,
  type UnaryMethod,
} from './grpc-client.ts';
export {
  addGrpcService,
  type GrpcHandlers,
  type GrpcHandlersOf,
  grpcService,
  type OrEncoded,
} from './grpc-service.ts';
export { limits as resourceLimits } from './limits.ts';
export { kindOfTypeUrl, typeUrls } from './type-urls.ts';
