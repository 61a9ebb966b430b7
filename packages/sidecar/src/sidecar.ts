import { chooseBackend } from '@tulle/http';
import { formatName } from '@tulle/model';
import {
  AdminServer,
  type Clock,
  type Component,
  healthPages,
  type LogFields,
  type Logger,
  type MetricsRegistry,
  operatorPages,
  type Random,
} from '@tulle/runtime';
import { Readiness } from './admin/readiness.ts';
import type { OriginalDestination } from './capture/original-destination.ts';
import { checkRoutes } from './config/compile-routes.ts';
import { InboundStore } from './config/inbound-store.ts';
import { OutboundStore } from './config/outbound-store.ts';
import {
  discoveryMetrics,
  identityMetrics,
  outboundStoreMetrics,
  tracingMetrics,
  watchConfigurationAge,
} from './control-metrics.ts';
import { DiscoveryClient } from './discovery/discovery-client.ts';
import { GrpcDeltaTransport } from './discovery/grpc-delta-transport.ts';
import { GrpcCertificateSigner } from './identity/certificate-signer.ts';
import { describeIdentity } from './identity/describe-identity.ts';
import { TrustRoots } from './identity/trust-roots.ts';
import { WorkloadIdentity } from './identity/workload-identity.ts';
import { createProbePages } from './probes/create-probe-pages.ts';
import { cgroupMemoryLimitBytes } from './proxy/overload/memory-limit.ts';
import { Proxy as MeshProxy } from './proxy/proxy.ts';
import { memoryLimits, proxySettings } from './proxy/settings.ts';
import type { SidecarSettings } from './settings.ts';
import { createState, type SidecarState } from './state/sidecar-state.ts';
import { Tracing } from './tracing/tracing.ts';

export interface SidecarEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  /** Null: explicit mode. */
  readonly originalDestination: OriginalDestination | null;
}

export interface Sidecar {
  /** In the order of their start; stopped in reverse. */
  readonly components: readonly Component[];
  /** The admin addresses in use, once started; the proxy tells its own as it binds them. */
  adminListeners(): readonly LogFields[];
}

/** Composes a sidecar: who it is, what it is told, what it serves, and how it is watched. */
export function composeSidecar(settings: SidecarSettings, environment: SidecarEnvironment): Sidecar {
  const loggers = new PartLoggers(environment.logger);
  const composition = { settings, environment, loggers };
  const { clock, metrics } = environment;
  const state = createState({ settings, clock, metrics, logger: loggers.of('state') });
  const identity = createIdentity(composition, state);
  const discovery = createDiscovery(composition, identity, state);
  const views = createViews(composition, identity, discovery);
  const tracing = createTracing(composition, views);
  const proxy = createProxy(composition, { ...views, identity, tracing });
  const { readiness, admins, adminListeners } = createAdmin(composition, {
    ...views,
    identity,
    discovery,
    proxy,
  });
  // Stopped from the last to the first: say "not ready", drain requests, and only then let go of the pages
  // that tell of it, of discovery and of the certificate.
  const { trustRoots, inbound, outbound } = views;
  const configuration = state?.configurationOf(discovery);
  const told = [trustRoots, inbound, outbound, discovery];
  const components = [
    ...(state === null ? [] : [state.directory]),
    identity,
    ...(configuration === undefined ? told : [configuration.restoring, ...told, configuration.saving]),
    ...admins,
    tracing,
    proxy,
    readiness,
  ];
  return { components, adminListeners };
}

/** What every part is made with. */
interface Composition {
  readonly settings: SidecarSettings;
  readonly environment: SidecarEnvironment;
  readonly loggers: PartLoggers;
}

/** A logger for each part, and all of them together, whose level the admin page sets. */
class PartLoggers {
  readonly all: Logger[];
  readonly #root: Logger;

  constructor(root: Logger) {
    this.#root = root;
    this.all = [root];
  }

  of(part: string): Logger {
    const logger = this.#root.child({ part });
    this.all.push(logger);
    return logger;
  }
}

/** Who it is: a certificate, renewed in time. */
function createIdentity(
  { settings, environment, loggers }: Composition,
  state: SidecarState | null,
): WorkloadIdentity {
  const { workload, trustDomain, controlPlane } = settings;
  const { clock, random, metrics } = environment;
  const signer = new GrpcCertificateSigner({
    controlPlane,
    tokenFile: controlPlane.tokenFile,
    roots: () => identity.current?.rootsPem ?? null,
    clock,
  });
  const identity: WorkloadIdentity = new WorkloadIdentity({
    trustDomain,
    namespace: workload.namespace,
    signer,
    ...(state === null ? {} : { store: state.certificates }),
    clock,
    random,
    metrics: identityMetrics(metrics),
    logger: loggers.of('identity'),
  });
  return identity;
}

/** What it is told, by a control plane to which it says who it is. */
function createDiscovery(
  { settings, environment, loggers }: Composition,
  identity: WorkloadIdentity,
  state: SidecarState | null,
): DiscoveryClient {
  const { workload, controlPlane } = settings;
  const { clock, random, metrics } = environment;
  const discovery = new DiscoveryClient({
    nodeId: formatName(workload),
    transport: new GrpcDeltaTransport({ controlPlane, clock, identity: () => identity.first() }),
    checks: { routes: checkRoutes },
    keepsWire: state !== null,
    clock,
    random,
    metrics: discoveryMetrics(metrics),
    logger: loggers.of('discovery'),
  });
  watchConfigurationAge(metrics, discovery.age);
  return discovery;
}

/** What is made of what discovery tells: whom to trust, what to serve, where to send. */
interface Views {
  readonly trustRoots: TrustRoots;
  readonly inbound: InboundStore;
  readonly outbound: OutboundStore;
}

function createViews(
  { settings, environment, loggers }: Composition,
  identity: WorkloadIdentity,
  source: DiscoveryClient,
): Views {
  const { workload, trustDomain, appHost } = settings;
  const { clock, metrics } = environment;
  return {
    trustRoots: new TrustRoots({ source, trustDomain, identity }),
    inbound: new InboundStore({ source, workload, appHost, clock, logger: loggers.of('inbound') }),
    outbound: new OutboundStore({
      source,
      workload,
      waitMs: settings.discoveryWaitMs,
      clock,
      metrics: outboundStoreMetrics(metrics),
      logger: loggers.of('outbound'),
    }),
  };
}

/** What it tells a collector of the requests that it carries. */
function createTracing({ settings, environment, loggers }: Composition, { inbound }: Views): Tracing {
  const { workload, tracing } = settings;
  const { clock, random, metrics } = environment;
  const { namespace, name: pod } = workload;
  return new Tracing({
    settings: tracing,
    workload: () => ({ name: inbound.owner || pod, namespace, pod }),
    clock,
    random,
    metrics: tracingMetrics(metrics),
    logger: loggers.of('tracing'),
  });
}

interface ServingParts extends Views {
  readonly identity: WorkloadIdentity;
  readonly tracing: Tracing;
}

/** What it serves: the requests of both sides. */
function createProxy(
  { settings, environment, loggers }: Composition,
  { identity, tracing, inbound, outbound }: ServingParts,
): MeshProxy {
  const { host, workload, backend, outboundPort, inboundPort, accessLog, workerIndex, capture } = settings;
  const { clock, random, metrics, originalDestination } = environment;
  return new MeshProxy({
    settings: proxySettings({
      host,
      workload: formatName(workload),
      backend: chooseBackend(backend),
      outboundPort,
      inboundPort,
      sharesPorts: workerIndex !== null,
      capture,
      accessLog,
      limits: memoryLimits(ownMemoryBytes(settings)),
      forwarding: settings.forwarding,
      seriesExpiryMs: settings.seriesExpirySeconds * 1_000,
    }),
    outbound,
    inbound,
    originalDestination,
    identity,
    metrics,
    logger: loggers.of('proxy'),
    clock,
    random,
    drainDelayMs: settings.drainDelaySeconds * 1_000,
    tracers: tracing,
  });
}

/** Workers share what the pod may have. */
function ownMemoryBytes({ memoryLimitBytes, workers }: SidecarSettings): number | null {
  const bytes = memoryLimitBytes ?? cgroupMemoryLimitBytes();
  return bytes === null ? null : Math.floor(bytes / workers);
}

interface WatchedParts extends Views {
  readonly identity: WorkloadIdentity;
  readonly discovery: DiscoveryClient;
  readonly proxy: MeshProxy;
}

/**
 * How it is watched: by kubelet and Prometheus on the pod's address, by an operator on loopback. One of several
 * workers is asked by the process that started it, see worker-pages.ts, wherever a port is free.
 */
function createAdmin({ settings, environment, loggers }: Composition, parts: WatchedParts) {
  const { host, metricsPort, adminHost, workerIndex } = settings;
  const { clock, metrics } = environment;
  const { identity, discovery, trustRoots, inbound, outbound, proxy } = parts;
  const readiness = new Readiness(
    [
      () => certificateFault(identity, clock),
      () => discovery.age.missing,
      () => trustRoots.missing,
      () => inbound.missing,
      // Binds when there is a certificate, which may be after the start.
      () => (proxy.inboundPort === 0 ? 'the inbound listener is not bound' : null),
    ],
    loggers.of('readiness'),
  );
  const health = healthPages({
    unreadyReasons: () => readiness.reasons(),
    readyNote: () => discovery.age.note,
    metrics,
  });
  const logger = loggers.of('admin');
  const publicAdmin = new AdminServer({
    name: 'metrics-server',
    host,
    port: metricsPort,
    pages: { ...health, ...createProbePages({ settings, clock, metrics, logger: loggers.of('probes') }) },
    logger,
  });
  const dump = {
    process: () => ({ pid: process.pid, worker: workerIndex }),
    identity: () => describeIdentity(identity.current),
    discovery: () => discovery.describe(),
    outbound: () => outbound.describe(),
    inbound: () => inbound.describe(),
    proxy: () => proxy.describe(),
    admin: () => [{ host: adminHost, port: admin.port }],
  };
  const admin = new AdminServer({
    name: 'admin-server',
    host: adminHost,
    port: workerIndex === null ? settings.adminPort : 0,
    pages: {
      ...health,
      ...operatorPages({ dump, loggers: loggers.all }),
      // On loopback only: the pod network must not be able to take a pod out of service.
      'POST /drain': () => {
        readiness.drain();
        proxy.drain();
        return { body: 'draining\n' };
      },
    },
    logger,
  });
  const adminListener = () => ({ side: 'admin', host: adminHost, port: admin.port });
  if (workerIndex !== null) {
    return { readiness, admins: [admin], adminListeners: () => [adminListener()] };
  }
  const adminListeners = () => [{ side: 'metrics', host, port: publicAdmin.port }, adminListener()];
  return { readiness, admins: [publicAdmin, admin], adminListeners };
}

function certificateFault(identity: WorkloadIdentity, clock: Clock): string | null {
  if (identity.current === null) return 'no certificate yet';
  return identity.current.notAfterMs <= clock.nowMs() ? 'the certificate has expired' : null;
}
