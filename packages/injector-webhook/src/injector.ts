import { EventRecorder, KubernetesClient } from '@tulle/kubernetes';
import {
  AdminServer,
  type Clock,
  type Component,
  healthPages,
  type Logger,
  type MetricsRegistry,
  operatorPages,
  type Random,
  type RunningComponents,
  startComponents,
} from '@tulle/runtime';
import { type CertificateSource, firstCertificate } from './certificate/certificate-source.ts';
import { FileCertificateSource } from './certificate/file-certificate-source.ts';
import { CaBundleWriter } from './kubernetes/ca-bundle-writer.ts';
import { ClusterView } from './kubernetes/cluster-view.ts';
import { SecretCertificateSource } from './kubernetes/secret-certificate-source.ts';
import type { ProgramSettings } from './program-settings.ts';
import { answerInjection } from './review/answer-injection.ts';
import { answerValidation } from './review/answer-validation.ts';
import type { ReviewAnswer } from './review/review.ts';
import { createInjectorMetrics, type InjectorMetrics } from './server/injector-metrics.ts';
import { type ReviewHandlers, WebhookServer } from './server/webhook-server.ts';

export interface InjectorDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  /** The program's, for what it injects where the settings name none. */
  readonly version: string;
}

interface Parts extends InjectorDependencies {
  readonly settings: ProgramSettings;
  readonly client: KubernetesClient;
  readonly series: InjectorMetrics;
}

/** The whole injector: health pages first, so that kubelet hears why the rest is not there yet. */
export async function startInjector(
  settings: ProgramSettings,
  dependencies: InjectorDependencies,
): Promise<RunningComponents> {
  const { clock, logger, metrics } = dependencies;
  const { kubeconfig } = settings;
  const client = KubernetesClient.load({ kubeconfig, clock, logger, metrics, userAgent: 'tulle-injector' });
  const parts: Parts = { ...dependencies, settings, client, series: createInjectorMetrics(metrics) };
  const cluster = new ClusterView({ ...parts, namespace: settings.meshNamespace });
  const certificates = createCertificates(parts);
  const server = new LateServer(parts, certificates, createHandlers(cluster, parts));
  const bundles = new CaBundleWriter({ ...parts, source: certificates });
  const admin = createAdmin(parts, { cluster, certificates, server, bundles });
  // Stopped in reverse: the port drains while what it answers by still stands.
  return await startComponents([admin, cluster, certificates, server, bundles], { clock, logger });
}

function createCertificates(parts: Parts): CertificateSource {
  const { settings, clock, logger } = parts;
  const { certificateDirectory, meshNamespace } = settings;
  if (certificateDirectory !== null) {
    return new FileCertificateSource({ directory: certificateDirectory, clock, logger });
  }
  // The first is what the API server asks for; the last is for tools on the same machine.
  const service = `tulle-injector.${meshNamespace}`;
  const names = [`${service}.svc`, `${service}.svc.cluster.local`, 'localhost', '127.0.0.1'];
  const labels = { 'app.kubernetes.io/name': 'tulle-injector', 'app.kubernetes.io/part-of': 'tulle' };
  return new SecretCertificateSource({ ...parts, namespace: meshNamespace, names, labels });
}

function createHandlers(cluster: ClusterView, { client, settings, clock, logger }: Parts): ReviewHandlers {
  const events = new EventRecorder({
    client,
    reportingController: 'tulle.dev/injector',
    reportingInstance: settings.replica,
    clock,
    logger,
  });
  const tell = (answer: ReviewAnswer): ReviewAnswer => {
    if (answer.event !== null) events.record({ ...answer.event, type: 'Warning', action: 'Inject' });
    return answer;
  };
  return {
    '/inject': async (request) =>
      tell(answerInjection(request, await cluster.contextOf(request.namespace, request.object))),
    '/validate': (request) => answerValidation(request, { trustDomain: cluster.trustDomain }),
  };
}

/** Listens when there is a certificate, and uses each that comes. */
class LateServer implements Component {
  readonly name = 'webhook server';
  readonly #parts: Parts;
  readonly #certificates: CertificateSource;
  readonly #handlers: ReviewHandlers;
  #server: WebhookServer | null = null;

  constructor(parts: Parts, certificates: CertificateSource, handlers: ReviewHandlers) {
    this.#parts = parts;
    this.#certificates = certificates;
    this.#handlers = handlers;
  }

  unreadyReasons(): readonly string[] {
    if (this.#server === null) return ['the webhook port is not bound'];
    return this.#server.isDraining ? ['draining'] : [];
  }

  async start(): Promise<void> {
    const { settings, clock, logger, series } = this.#parts;
    const certificate = await firstCertificate(this.#certificates);
    const { host, port, drainDelaySeconds } = settings;
    const server = new WebhookServer({
      host,
      port,
      certificate,
      handlers: this.#handlers,
      drainDelayMs: drainDelaySeconds * 1_000,
      clock,
      logger,
      metrics: series,
    });
    await server.start();
    series.certificateExpiry.with().set(certificate.expiresAtMs / 1_000);
    this.#certificates.onChange((next) => {
      server.replaceCertificate(next);
      series.certificateExpiry.with().set(next.expiresAtMs / 1_000);
    });
    this.#server = server;
    logger.info('listening', { host, port: server.port, adminPort: settings.adminPort });
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#server?.stop(deadlineMs);
  }
}

interface AdminParts {
  readonly cluster: ClusterView;
  readonly certificates: CertificateSource;
  readonly server: LateServer;
  readonly bundles: CaBundleWriter;
}

function createAdmin(
  { settings, logger, metrics }: Parts,
  { cluster, certificates, server, bundles }: AdminParts,
): AdminServer {
  const unreadyReasons = () => [
    ...cluster.unreadyReasons(),
    ...(certificates.missingReason === null ? [] : [certificates.missingReason]),
    ...server.unreadyReasons(),
    ...bundles.unreadyReasons(),
  ];
  const dump = {
    settings: () => settings,
    cluster: () => cluster.describe(),
    certificate: () => ({ expires: new Date(certificates.current?.expiresAtMs ?? 0).toISOString() }),
  };
  return new AdminServer({
    name: 'admin',
    host: settings.adminHost,
    port: settings.adminPort,
    logger,
    pages: healthPages({ unreadyReasons, metrics }),
    localPages: operatorPages({ dump, loggers: [logger] }),
  });
}
