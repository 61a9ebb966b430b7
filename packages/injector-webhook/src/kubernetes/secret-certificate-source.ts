/**
 * The injector's own serving certificate, in a Secret that its replicas share: whoever sees first that something is
 * due makes it, and the others take it from there.
 */
import {
  type KubernetesClient,
  KubernetesError,
  type RawObject,
  Reflector,
  resourceTypes,
} from '@tulle/kubernetes';
import {
  backoffDelayMs,
  type Clock,
  isWithoutNull,
  type Logger,
  type MetricsRegistry,
  messageOf,
  type Random,
  recordOf,
} from '@tulle/runtime';
import type { CertificateMaterial } from '../certificate/certificate-material.ts';
import type { CertificateSource, HeldCertificate } from '../certificate/certificate-source.ts';
import { dueAtMs, expiresAtMs, nextMaterial } from '../certificate/next-material.ts';
import type { InjectorMetrics } from '../server/injector-metrics.ts';

const certificateSecretName = 'tulle-injector-certificate';

export interface SecretCertificateOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly series: InjectorMetrics;
}

interface StoredMaterial {
  readonly object: RawObject;
  /** Null: it cannot be read. */
  readonly material: CertificateMaterial | null;
}

const keys = {
  authoritiesPem: 'ca.crt',
  authorityKeyPem: 'ca.key',
  chainPem: 'tls.crt',
  privateKeyPem: 'tls.key',
} as const satisfies Record<keyof CertificateMaterial, string>;

const backoff = { baseMs: 500, maxMs: 30_000 };
const waits = { leastMs: 60_000, mostMs: 6 * 3_600_000 } as const;

export class SecretCertificateSource implements CertificateSource {
  readonly name = 'serving certificate';
  readonly #options: SecretCertificateOptions;
  readonly #reflector: Reflector<StoredMaterial>;
  readonly #listeners: ((certificate: HeldCertificate) => void)[] = [];
  #current: HeldCertificate | null = null;
  #failure: string | null = null;
  #failures = 0;
  #isRunning = false;
  /** One after the other: each begins with what the one before has left. */
  #work: Promise<void> = Promise.resolve();
  #cancel = () => {};

  constructor(options: SecretCertificateOptions) {
    const { client, namespace, clock, random, logger, metrics } = options;
    this.#options = options;
    this.#reflector = new Reflector({
      client,
      type: resourceTypes.secrets,
      namespace,
      fieldSelector: `metadata.name=${certificateSecretName}`,
      read: (object) => ({ object, material: readMaterial(object) }),
      clock,
      random,
      logger,
      metrics,
    });
  }

  get current(): HeldCertificate | null {
    return this.#current;
  }

  get missingReason(): string | null {
    if (this.#current !== null) return null;
    return `there is no serving certificate yet: ${this.#failure ?? `Secret ${certificateSecretName} is being read`}`;
  }

  onChange(listener: (certificate: HeldCertificate) => void): void {
    this.#listeners.push(listener);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#reflector.onChange(() => this.#enqueue());
    await this.#reflector.start();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
    await this.#reflector.stop();
    await this.#work;
  }

  #enqueue(): void {
    this.#cancel();
    this.#work = this.#work.then(() => this.#reconcile());
  }

  async #reconcile(): Promise<void> {
    if (!this.#isRunning) return;
    const { clock, random, logger, series } = this.#options;
    try {
      const dueMs = await this.#renew();
      this.#failures = 0;
      this.#failure = null;
      // Not all replicas at once: the first has then done it for all.
      const waitMs = Math.min(waits.mostMs, Math.max(waits.leastMs, dueMs - clock.nowMs()));
      this.#again(waitMs * (1 + random() / 20));
    } catch (thrown) {
      // Another replica was first: its work is on its way here.
      const isLost = thrown instanceof KubernetesError && thrown.status === 409;
      const delayMs = backoffDelayMs(this.#failures++, backoff, random);
      this.#failure = messageOf(thrown);
      if (!isLost) {
        series.certificateRenewals.with('failed').inc();
        logger.error('serving certificate not renewed', { reason: this.#failure, delayMs });
      }
      this.#again(delayMs);
    }
  }

  #again(delayMs: number): void {
    if (this.#isRunning) this.#cancel = this.#options.clock.schedule(delayMs, () => this.#enqueue());
  }

  /** When the next thing is due. */
  async #renew(): Promise<number> {
    const { names, clock, logger, series } = this.#options;
    const stored = this.#reflector.objects.get(`${this.#options.namespace}/${certificateSecretName}`) ?? null;
    const current = stored?.material ?? null;
    const next = await nextMaterial(current, { names, nowMs: clock.nowMs() });
    if (next !== current) {
      await this.#write(next, stored?.object ?? null);
      series.certificateRenewals.with('made').inc();
      logger.info('serving certificate made', { expires: new Date(expiresAtMs(next)).toISOString() });
    }
    this.#hold(next);
    return dueAtMs(next);
  }

  async #write(material: CertificateMaterial, standing: RawObject | null): Promise<void> {
    const { client, namespace, labels } = this.#options;
    const data = writeMaterial(material);
    if (standing === null) {
      const metadata = { name: certificateSecretName, namespace, labels };
      await client.create(resourceTypes.secrets, { metadata, type: 'Opaque', data });
    } else {
      await client.replace(resourceTypes.secrets, { ...standing, data });
    }
  }

  #hold(material: CertificateMaterial): void {
    const { chainPem, privateKeyPem, authoritiesPem } = material;
    if (this.#current?.chainPem === chainPem && this.#current.authoritiesPem === authoritiesPem) return;
    this.#current = {
      chainPem,
      privateKeyPem,
      authoritiesPem,
      isGiven: false,
      expiresAtMs: expiresAtMs(material),
    };
    for (const listener of this.#listeners) listener(this.#current);
  }
}

type StoredTexts = { readonly [K in keyof CertificateMaterial]: string | null };

function readMaterial({ data }: RawObject): CertificateMaterial | null {
  const texts = (typeof data === 'object' && data !== null ? data : {}) as Readonly<Record<string, unknown>>;
  const material = recordOf<StoredTexts>(keys, (field) => decode(texts[keys[field]]));
  return isWithoutNull(material) ? material : null;
}

function decode(base64: unknown): string | null {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString('utf8') : null;
}

function writeMaterial(material: CertificateMaterial): Readonly<Record<string, string>> {
  const fields = Object.keys(keys) as readonly (keyof CertificateMaterial)[];
  return Object.fromEntries(
    fields.map((field) => [keys[field], Buffer.from(material[field]).toString('base64')]),
  );
}
