import { chooseBackend } from '@tulle/http';
import { formatName } from '@tulle/model';
import {
  AdminServer,
  type Clock,
  type Component,
  type LogFields,
  type Logger,
  type MetricsRegistry,
  type Random,
} from '@tulle/runtime';
import { adminPages, publicPages } from './admin/admin-pages.ts';
import { Readiness } from './admin/readiness.ts';
import { checkRoutes } from './config/compile-routes.ts';
import { InboundStore } from './config/inbound-store.ts';
import { OutboundStore } from './config/outbound-store.ts';
import { discoveryMetrics, identityMetrics, outboundStoreMetrics } from './control-metrics.ts';
import { DiscoveryClient } from './discovery/discovery-client.ts';
import { GrpcDeltaTransport } from './discovery/grpc-delta-transport.ts';
import { GrpcCertificateSigner } from './identity/certificate-signer.ts';
import { describeIdentity } from './identity/describe-identity.ts';
import { TrustRoots } from './identity/trust-roots.ts';
import { WorkloadIdentity } from './identity/workload-identity.ts';
import { Proxy as MeshProxy } from './proxy/proxy.ts';
import { proxySettings } from './proxy/settings.ts';
import type { SidecarSettings } from './settings.ts';

export interface SidecarEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

export interface Sidecar {
  /** In the order of their start; stopped in reverse. */
  readonly components: readonly Component[];
  /** The admin addresses in use, once started; the proxy tells its own as it binds them. */
  adminListeners(): readonly LogFields[];
}

/** Composes a sidecar: who it is, what it is told, what it serves, and how it is watched. */
export function composeSidecar(settings: SidecarSettings, environment: SidecarEnvironment): Sidecar {
  const { clock, random, metrics } = environment;
  const { workload, trustDomain, controlPlane, appHost } = settings;
  const loggers: Logger[] = [environment.logger];
  const log = (part: string) => {
    const logger = environment.logger.child({ part });
    loggers.push(logger);
    return logger;
  };

  const identity = new WorkloadIdentity({
    trustDomain,
    namespace: workload.namespace,
    signer: new GrpcCertificateSigner({ controlPlane, clock, tokenFile: controlPlane.tokenFile }),
    clock,
    random,
    metrics: identityMetrics(metrics),
    logger: log('identity'),
  });
  const discovery = new DiscoveryClient({
    nodeId: formatName(workload),
    transport: new GrpcDeltaTransport({ controlPlane, clock, identity: () => identity.first() }),
    checks: { routes: checkRoutes },
    clock,
    random,
    metrics: discoveryMetrics(metrics),
    logger: log('discovery'),
  });
  const trustRoots = new TrustRoots({ source: discovery, trustDomain, identity });
  const inbound = new InboundStore({ source: discovery, workload, appHost, clock, logger: log('inbound') });
  const outbound = new OutboundStore({
    source: discovery,
    namespace: workload.namespace,
    waitMs: settings.discoveryWaitMs,
    clock,
    metrics: outboundStoreMetrics(metrics),
    logger: log('outbound'),
  });
  const proxy = new MeshProxy({
    settings: proxySettings({
      host: settings.host,
      workload: formatName(workload),
      backend: chooseBackend(settings.backend),
      outboundPort: settings.outboundPort,
      inboundPort: settings.inboundPort,
      accessLog: settings.accessLog,
    }),
    outbound,
    inbound,
    identity,
    metrics,
    logger: log('proxy'),
    clock,
    random,
  });

  const readiness = new Readiness(
    [
      () => certificateFault(identity, clock),
      () => trustRoots.missing,
      () => inbound.missing,
      // Binds when there is a certificate, which may be after the start.
      () => (proxy.inboundPort === 0 ? 'the inbound listener is not bound' : null),
    ],
    log('readiness'),
  );
  const dump = {
    identity: () => describeIdentity(identity.current),
    discovery: () => discovery.describe(),
    outbound: () => outbound.describe(),
    inbound: () => inbound.describe(),
    proxy: () => proxy.describe(),
    admin: () => adminListeners(),
  };
  const publicAdmin = new AdminServer({
    name: 'metrics-server',
    host: settings.host,
    port: settings.metricsPort,
    pages: publicPages({ readiness, metrics }),
    logger: log('admin'),
  });
  const admin = new AdminServer({
    name: 'admin-server',
    host: settings.adminHost,
    port: settings.adminPort,
    pages: adminPages({ readiness, metrics, dump, loggers }),
    logger: log('admin'),
  });
  const adminListeners = () => [
    { side: 'metrics', host: settings.host, port: publicAdmin.port },
    { side: 'admin', host: settings.adminHost, port: admin.port },
  ];

  // Stopped from the last to the first: say "not ready", drain requests, and only then let go of the pages
  // that tell of it, of discovery and of the certificate.
  const components = [
    identity,
    trustRoots,
    inbound,
    outbound,
    discovery,
    publicAdmin,
    admin,
    proxy,
    readiness,
  ];
  return { components, adminListeners };
}

function certificateFault(identity: WorkloadIdentity, clock: Clock): string | null {
  if (identity.current === null) return 'no certificate yet';
  return identity.current.notAfterMs <= clock.nowMs() ? 'the certificate has expired' : null;
}
