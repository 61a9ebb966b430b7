/**
 * Tells the API server which authorities to trust: writes caBundle into both webhook configurations, and again whenever
 * somebody has taken it out, as an upgrade does. Every replica does; they write the same.
 */
import { isObject } from '@tulle/api';
import {
  type KubernetesClient,
  type RawObject,
  Reflector,
  type ResourceType,
  resourceTypes,
} from '@tulle/kubernetes';
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
import { joinAuthorities } from '../certificate/join-authorities.ts';
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
  /** cert-manager is told to fill it in: two who write would undo each other's work. */
  readonly isOthers: boolean;
}

const othersAnnotation = 'cert-manager.io/inject-';

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
      types.map((type) => [type, new Reflector({ ...shared, type, fieldSelector, read: readWebhooks })]),
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
    const body = missing.flatMap(({ index, value }) => [
      // Somebody may have changed their order meanwhile.
      { op: 'test', path: `/webhooks/${index}/name`, value: standing[index]!.name },
      { op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
    ]);
    const ref = { namespace: '', name: webhookConfigurationName };
    await client.patch(type, ref, { contentType: 'application/json-patch+json', body });
    series.bundlePatches.with('written').inc();
    logger.info('caBundle written', { kind: type.kind, webhooks: missing.length });
  }

  #missing(
    standing: readonly StandingWebhook[],
  ): readonly { readonly index: number; readonly value: string }[] {
    return standing.flatMap((webhook, index) => {
      const value = this.#bundleFor(webhook);
      return value === null || value === webhook.caBundle ? [] : [{ index, value }];
    });
  }

  /** Null: it is left as it is. */
  #bundleFor({ caBundle, isOthers }: StandingWebhook): string | null {
    const { source, clock } = this.#options;
    const { authoritiesPem = null, isGiven = false } = source.current ?? {};
    if (authoritiesPem === null || (isGiven && isOthers)) return null;
    const standing = Buffer.from(caBundle, 'base64').toString('utf8');
    const joined = joinAuthorities(standing, { authoritiesPem, isGiven }, clock.nowMs());
    return joined === '' ? null : Buffer.from(joined).toString('base64');
  }
}

function readWebhooks({ webhooks, metadata }: RawObject): readonly StandingWebhook[] {
  if (!Array.isArray(webhooks)) return [];
  const isOthers = Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith(othersAnnotation));
  return webhooks.map((webhook: unknown) => {
    const { name, clientConfig } = isObject(webhook) ? webhook : {};
    const caBundle = isObject(clientConfig) ? clientConfig.caBundle : '';
    return { name: String(name), caBundle: typeof caBundle === 'string' ? caBundle : '', isOthers };
  });
}
