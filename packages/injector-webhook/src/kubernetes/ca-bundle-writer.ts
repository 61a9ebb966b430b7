/**
 * Tells the API server which authorities to trust: writes caBundle into both webhook configurations, and again whenever
 * somebody has taken it out, as an upgrade does. Every replica does; they write the same.
 */
import { isObject } from '@tulle/api';
import { type KubernetesClient, Reflector, type ResourceType, resourceTypes } from '@tulle/kubernetes';
import {
  backoffDelayMs,
  type Clock,
  type Component,
  type Logger,
  type MetricsRegistry,
  messageOf,
  type Random,
} from '@tulle/runtime';
import type { CertificateSource } from '../certificate/certificate-source.ts';
import type { InjectorMetrics } from '../server/injector-metrics.ts';
import { webhookConfigurationName } from '../webhooks/webhook-configurations.ts';

export interface CaBundleWriterOptions {
  readonly client: KubernetesClient;
  readonly source: CertificateSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly series: InjectorMetrics;
}

interface StandingWebhook {
  readonly name: string;
  readonly caBundle: string;
}

const backoff = { baseMs: 250, maxMs: 15_000 };
const types = [resourceTypes.mutatingWebhookConfigurations, resourceTypes.validatingWebhookConfigurations];

export class CaBundleWriter implements Component {
  readonly name = 'caBundle writer';
  readonly #options: CaBundleWriterOptions;
  readonly #reflectors: ReadonlyMap<ResourceType, Reflector<readonly StandingWebhook[]>>;
  #work: Promise<void> = Promise.resolve();
  #failures = 0;
  #isRunning = false;
  #cancel = () => {};

  constructor(options: CaBundleWriterOptions) {
    const { client, clock, random, logger, metrics } = options;
    this.#options = options;
    const shared = { client, clock, random, logger, metrics };
    const fieldSelector = `metadata.name=${webhookConfigurationName}`;
    this.#reflectors = new Map(
      types.map((type) => [
        type,
        new Reflector({ ...shared, type, fieldSelector, read: ({ webhooks }) => readWebhooks(webhooks) }),
      ]),
    );
  }

  /** Why the API server may not call yet. */
  unreadyReasons(): readonly string[] {
    return [...this.#reflectors].flatMap(([type, reflector]) => {
      if (!reflector.hasSynced) return [`${type.kind} ${webhookConfigurationName} is being read`];
      const standing = reflector.objects.get(webhookConfigurationName);
      if (standing === undefined || this.#missing(standing).length === 0) return [];
      return [`${type.kind} ${webhookConfigurationName} does not have the caBundle yet`];
    });
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#options.source.onChange(() => this.#enqueue());
    for (const reflector of this.#reflectors.values()) {
      reflector.onChange(() => this.#enqueue());
      await reflector.start();
    }
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
    await this.#work;
  }

  #enqueue(): void {
    this.#cancel();
    this.#work = this.#work.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const { clock, random, logger, series } = this.#options;
    if (!this.#isRunning) return;
    try {
      for (const [type, reflector] of this.#reflectors) {
        await this.#patch(type, reflector.objects.get(webhookConfigurationName) ?? []);
      }
      this.#failures = 0;
    } catch (thrown) {
      const delayMs = backoffDelayMs(this.#failures++, backoff, random);
      series.bundlePatches.with('failed').inc();
      logger.warn('caBundle not written', { reason: messageOf(thrown), delayMs });
      if (this.#isRunning) this.#cancel = clock.schedule(delayMs, () => this.#enqueue());
    }
  }

  async #patch(type: ResourceType, standing: readonly StandingWebhook[]): Promise<void> {
    const { client, logger, series } = this.#options;
    const missing = this.#missing(standing);
    if (missing.length === 0) return;
    const value = this.#bundle();
    const body = missing.flatMap((index) => [
      // Somebody may have changed their order meanwhile.
      { op: 'test', path: `/webhooks/${index}/name`, value: standing[index]!.name },
      { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
    ]);
    const ref = { namespace: '', name: webhookConfigurationName };
    await client.patch(type, ref, { contentType: 'application/json-patch+json', body });
    series.bundlePatches.with('written').inc();
    logger.info('caBundle written', { kind: type.kind, webhooks: missing.length });
  }

  #missing(standing: readonly StandingWebhook[]): readonly number[] {
    const bundle = this.#bundle();
    if (bundle === null) return [];
    return standing.flatMap(({ caBundle }, index) => (caBundle === bundle ? [] : [index]));
  }

  #bundle(): string | null {
    const pem = this.#options.source.current?.authoritiesPem ?? null;
    return pem === null ? null : Buffer.from(pem).toString('base64');
  }
}

function readWebhooks(webhooks: unknown): readonly StandingWebhook[] {
  if (!Array.isArray(webhooks)) return [];
  return webhooks.map((webhook: unknown) => {
    const { name, clientConfig } = isObject(webhook) ? webhook : {};
    const caBundle = isObject(clientConfig) ? clientConfig.caBundle : '';
    return { name: String(name), caBundle: typeof caBundle === 'string' ? caBundle : '' };
  });
}
