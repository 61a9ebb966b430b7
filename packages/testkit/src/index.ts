/** What tests share: a certificate authority in memory, time and chance by hand, processes, meshes of them, addresses, gRPC. */
export {
  DiscoveryClient,
  type DiscoveryClientOptions,
  type DiscoveryRequestInit,
} from './discovery-client.ts';
export { type EventuallyOptions, eventually } from './eventually.ts';
export { FakeClock } from './fake-clock.ts';
export {
  callChat,
  callCollect,
  callExpand,
  callUnary,
  echoService,
  GrpcEcho,
  grpcEchoClient,
  type UnaryOutcome,
} from './grpc-echo.ts';
export { FakeApiServer, type FakeApiServerOptions, type FakeRequest } from './kubernetes/fake-api-server.ts';
export type { FakeFault } from './kubernetes/fake-fault.ts';
export { type FakeObject, FakeStatus, type ServedResource } from './kubernetes/fake-object.ts';
export {
  EchoApplication,
  type LongLived,
  type LongLivedTarget,
  openGrpcChat,
  openKeepAlive,
  openWebSocket,
} from './long-lived.ts';
export { freeLoopbackAddress } from './loopback-address.ts';
export {
  inboundPort,
  Mesh,
  metricsPort,
  page,
  pod,
  sidecarMetrics,
  sidecarPage,
  untilSidecarReady,
} from './mesh/mesh.ts';
export { appPort, type EndpointSpec, type MeshSpec, type PodSpec } from './mesh/mesh-yaml.ts';
export { metricSum, seriesOf } from './mesh/metrics-page.ts';
export { canMeasureMemory, forgetPeak, peakResidentBytes, residentBytes } from './process-memory.ts';
export { seededRandom } from './seeded-random.ts';
export {
  type Exit,
  type LogLine,
  type RunningProcess,
  type StartProcessOptions,
  startProcess,
  startProgram,
} from './start-process.ts';
export { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';
export {
  createTestAuthority,
  type OpenAuthorityOptions,
  openTestAuthority,
  type TestAuthority,
  type TestAuthorityOptions,
  type TestCertificate,
  type TestCertificateOptions,
} from './test-authority.ts';
