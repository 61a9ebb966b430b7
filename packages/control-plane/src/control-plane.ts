/** The composition root: what the control plane is made of, in the order in which it starts. */
import { defaults } from '@tulle/api';
import type { SpiffeId } from '@tulle/model';
import {
  AdminServer,
  type Clock,
  type Component,
  healthPages,
  type Logger,
  type MetricsRegistry,
  operatorPages,
  type Random,
  startComponents,
} from '@tulle/runtime';
import { AggregatedDiscoveryService, addGrpcService, IdentityService } from '@tulle/xds';
import { summarizeProxies } from './admin/proxy-summary.ts';
import { discoveryServerOptions } from './discovery/discovery-limits.ts';
import { createDiscoveryMetrics } from './discovery/discovery-metrics.ts';
import { createDiscoveryService, type DiscoveryService } from './discovery/discovery-service.ts';
import { clientIdentity } from './grpc/client-identity.ts';
import { GrpcServer } from './grpc/grpc-server.ts';
import { TlsServerCredentials, type TlsServerMaterial } from './grpc/tls-server-credentials.ts';
import { wildcardHost } from './grpc/wildcard-host.ts';
import type { CertificateAuthority } from './identity/certificate-authority.ts';
import { createIdentityMetrics, exposeIdentityState } from './identity/identity-metrics.ts';
import { createIdentityService } from './identity/identity-service.ts';
import { ServerCertificate } from './identity/server-certificate.ts';
import { createPlatform } from './platform/create-platform.ts';
import type { Platform } from './platform/platform.ts';
import type { ControlPlaneSettings } from './settings.ts';
import { createConfigMetrics } from './snapshot/config-metrics.ts';
import { ConfigPipeline } from './snapshot/config-pipeline.ts';
import { SnapshotStore } from './snapshot/snapshot-store.ts';
import type { ResourceSource } from './sources/resource-source.ts';
import { AcknowledgementReporter } from './status/acknowledgement-report.ts';
import { acknowledgedPage } from './status/report-page.ts';

export interface ControlPlaneDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

export interface RunningControlPlane {
  /** The bound ports; they differ from the settings where those say 0. */
  readonly discoveryPort: number;
  readonly adminPort: number;
  stop(deadlineMs: number): Promise<void>;
}

/** Opens the authority, then starts everything else; throws with what failed after stopping what stood. */
export async function startControlPlane(
  settings: ControlPlaneSettings,
  dependencies: ControlPlaneDependencies,
): Promise<RunningControlPlane> {
  const { clock, logger } = dependencies;
  const platform = createPlatform(settings, dependencies);
  const authority = await platform.openAuthority();
  const { components, grpc, admin } = compose(settings, dependencies, { platform, authority });
  const running = await startComponents(components, { clock, logger });
  const discoveryPort = grpc.port!;
  const adminPort = admin.port;
  logger.info('listening', {
    discoveryHost: settings.discoveryHost,
    discoveryPort,
    adminHost: settings.adminHost,
    adminPort,
  });
  return { discoveryPort, adminPort, stop: (deadlineMs) => running.stop(deadlineMs) };
}

function compose(
  settings: ControlPlaneSettings,
  dependencies: ControlPlaneDependencies,
  { platform, authority }: { readonly platform: Platform; readonly authority: CertificateAuthority },
) {
  const { clock, logger } = dependencies;
  const { trustDomain, meshNamespace } = settings;
  const serverCertificate = createServerCertificate(authority, meshNamespace, dependencies);
  const store = new SnapshotStore({ logger });
  const pipeline = createPipeline({ source: platform.source, store, authority, meshNamespace }, dependencies);
  const discovery = createDiscoveryService({
    source: store,
    authenticate: (call) => clientIdentity(call, { trustDomain, nowMs: clock.nowMs() }),
    clock,
    logger,
    metrics: createDiscoveryMetrics(dependencies.metrics),
  });
  const grpc = createGrpcServer({
    settings,
    dependencies,
    authority,
    serverCertificate,
    platform,
    discovery,
  });
  const acknowledged = new AcknowledgementReporter({
    replica: settings.platform.kind === 'kubernetes' ? settings.platform.replica : 'control-plane',
    instance: clock.nowMs().toString(36),
    held: discovery.held,
    statuses: () => pipeline.statuses,
    snapshot: () => store.current,
  });
  const parts = {
    authority,
    serverCertificate,
    platform,
    store,
    pipeline,
    discovery,
    grpc,
    acknowledged,
  };
  const admin = createAdminServer(settings, dependencies, parts);
  exposeIdentityState(dependencies.metrics, parts);
  // Stopped in reverse: streams end politely before the port closes, and the port before what it serves.
  const components: Component[] = [
    serverCertificate,
    ...platform.components,
    platform.source,
    pipeline,
    grpc,
    endingStreams(discovery),
    admin,
    ...platform.reporters(parts),
  ];
  return { components, grpc, admin };
}

interface PipelineParts {
  readonly source: ResourceSource;
  readonly store: SnapshotStore;
  readonly authority: CertificateAuthority;
  readonly meshNamespace: string;
}

/** The end of the services' long host names. */
const clusterDomain = 'cluster.local';

function createPipeline(
  { source, store, authority, meshNamespace }: PipelineParts,
  { clock, logger, metrics }: ControlPlaneDependencies,
): ConfigPipeline {
  return new ConfigPipeline({
    source,
    trustBundle: authority,
    store,
    translate: { trustDomain: authority.trustDomain, clusterDomain, meshNamespace },
    clock,
    logger,
    metrics: createConfigMetrics(metrics),
  });
}

const serviceName = 'tulle-control-plane';
/** What sidecars verify, whatever address they dial; `localhost` is for tools on the same machine. */
const anywhere = `${serviceName}.${defaults.meshNamespace}.svc`;

function createServerCertificate(
  authority: CertificateAuthority,
  meshNamespace: string,
  { clock, random, logger }: ControlPlaneDependencies,
): ServerCertificate {
  const identity: SpiffeId = {
    trustDomain: authority.trustDomain,
    namespace: meshNamespace,
    serviceAccount: serviceName,
  };
  const name = `${serviceName}.${meshNamespace}.svc`;
  const dnsNames = [...new Set([name, `${name}.${clusterDomain}`, anywhere, 'localhost'])];
  return new ServerCertificate({ authority, identity, dnsNames, clock, random, logger });
}

interface GrpcParts {
  readonly settings: ControlPlaneSettings;
  readonly dependencies: ControlPlaneDependencies;
  readonly authority: CertificateAuthority;
  readonly serverCertificate: ServerCertificate;
  readonly platform: Platform;
  readonly discovery: DiscoveryService;
}

function createGrpcServer(parts: GrpcParts): GrpcServer {
  const { settings, authority, serverCertificate, platform, discovery } = parts;
  const { clock, logger, metrics } = parts.dependencies;
  const identity = createIdentityService({
    authority,
    authenticator: platform.authenticator,
    metrics: createIdentityMetrics(metrics),
    logger,
    clock,
  });
  const material = (): TlsServerMaterial => {
    const { certificate, privateKeyPem } = serverCertificate.current!;
    return { certificatePem: certificate.chainPem, privateKeyPem, rootsPem: authority.current.rootsPem };
  };
  return new GrpcServer({
    host: wildcardHost(settings.discoveryHost),
    port: settings.discoveryPort,
    credentials: () => {
      const credentials = new TlsServerCredentials(material());
      serverCertificate.onChange(() => credentials.replace(material()));
      return credentials;
    },
    register: (server) => {
      addGrpcService(server, IdentityService, identity);
      addGrpcService(server, AggregatedDiscoveryService, discovery.handlers);
    },
    options: discoveryServerOptions,
    clock,
  });
}

/** Discovery streams never end by themselves: the port could not close before its deadline. */
function endingStreams(discovery: DiscoveryService): Component {
  return {
    name: 'discovery streams',
    start: async () => {},
    stop: (deadlineMs) => discovery.close(deadlineMs),
  };
}

interface AdminParts extends Pick<GrpcParts, 'authority' | 'platform' | 'discovery'> {
  readonly store: SnapshotStore;
  readonly pipeline: ConfigPipeline;
  readonly grpc: GrpcServer;
  readonly acknowledged: AcknowledgementReporter;
}

function createAdminServer(
  settings: ControlPlaneSettings,
  { logger, metrics }: ControlPlaneDependencies,
  { authority, platform, store, pipeline, discovery, grpc, acknowledged }: AdminParts,
): AdminServer {
  const unreadyReasons = () => [
    ...(store.current === null ? ['the configuration has not been read yet'] : []),
    ...platform.unreadyReasons(),
    ...(grpc.port === null ? ['the gRPC port is not bound'] : []),
  ];
  const dump = {
    settings: () => settings,
    config: () => pipeline.dump(),
    proxies: () => discovery.describe(),
    authority: () => describeAuthority(authority),
    ...platform.dump,
  };
  return new AdminServer({
    name: 'admin',
    host: wildcardHost(settings.adminHost),
    port: settings.adminPort,
    logger,
    pages: {
      ...healthPages({ unreadyReasons, readyNote: () => platform.readyNote(), metrics }),
      'GET /acknowledged': acknowledgedPage(acknowledged),
    },
    localPages: {
      ...operatorPages({ dump, loggers: [logger] }),
      'GET /proxies': () => ({ body: summarizeProxies(discovery.describe()) }),
    },
  });
}

function describeAuthority(authority: CertificateAuthority): object {
  return {
    trustDomain: authority.trustDomain,
    certificates: authority.certificates().map(({ role, sha256, notAfterMs }) => ({
      role,
      sha256,
      notAfter: new Date(notAfterMs).toISOString(),
    })),
  };
}
