import { formatSpiffeId, formatViolations } from '@tulle/model';
import {
  backoffDelayMs,
  type Clock,
  type Component,
  type Logger,
  messageOf,
  type Random,
  TulleError,
} from '@tulle/runtime';
import type { IdentityMaterial, IdentitySource } from '../config/mesh-view.ts';
import type { IdentityMetrics } from '../control-metrics.ts';
import type { CertificateSigner } from './certificate-signer.ts';
import { checkCertificate } from './check-certificate.ts';
import { makeKeyAndRequest } from './key-pair.ts';

export interface WorkloadIdentityOptions {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly signer: CertificateSigner;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: IdentityMetrics;
  readonly logger: Logger;
}

const retryBackoff = { baseMs: 250, maxMs: 5_000 };
/** Node's timers hold 31 bits; a longer wait only renews earlier. */
const maxTimerMs = 2 ** 31 - 1;
const minRenewalMs = 1_000;

/**
 * The workload's certificate: had signed by token at start, renewed at half life, and again by token if it
 * ever expired. `start` does not wait for it: the sidecar stands and says that it is not ready meanwhile.
 */
export class WorkloadIdentity implements Component, IdentitySource {
  readonly name = 'identity';
  readonly #options: WorkloadIdentityOptions;
  readonly #listeners: ((material: IdentityMaterial) => void)[] = [];
  #current: IdentityMaterial | null = null;
  /** The roots that discovery announced last; they outrank those of a signing answer. */
  #bundlePem: readonly string[] | null = null;
  #attempt = 0;
  #isStopped = true;
  #cancelTimer: () => void = () => {};

  constructor(options: WorkloadIdentityOptions) {
    this.#options = options;
  }

  get current(): IdentityMaterial | null {
    return this.#current;
  }

  onChange(listener: (material: IdentityMaterial) => void): void {
    this.#listeners.push(listener);
  }

  /** The material in use, waiting for the first one. */
  first(): Promise<IdentityMaterial> {
    const current = this.#current;
    if (current !== null) return Promise.resolve(current);
    return new Promise((resolve) => this.onChange(resolve));
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    this.#renew();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
  }

  /** Takes the trust bundle: peers are verified against it from now on. */
  setTrustRoots(rootsPem: readonly string[]): void {
    // An empty bundle would refuse every peer: the last good one stays.
    if (rootsPem.length === 0) return;
    this.#bundlePem = rootsPem;
    const current = this.#current;
    const joined = joinPem(rootsPem);
    if (current === null || current.rootsPem === joined) return;
    this.#options.logger.info('trust roots replaced', { roots: rootsPem.length });
    this.#replace({ ...current, rootsPem: joined, generation: current.generation + 1 });
  }

  #renew(): void {
    this.#sign().then(
      (material) => this.#signed(material),
      (thrown) => this.#failed(messageOf(thrown)),
    );
  }

  async #sign(): Promise<IdentityMaterial> {
    const { signer, trustDomain, namespace, clock } = this.#options;
    // A key for each certificate: one that leaked is worth no more than what is left of its life.
    const { privateKeyPem, csrDer } = await makeKeyAndRequest();
    const signed = await signer.sign(csrDer);
    const knownRootsPem = this.#bundlePem ?? [];
    const nowMs = clock.nowMs();
    const checked = checkCertificate(signed, { trustDomain, namespace, privateKeyPem, nowMs, knownRootsPem });
    if (!checked.ok) {
      const faults = formatViolations(checked.violations);
      throw new TulleError('CERTIFICATE_INVALID', `the signed certificate cannot be used: ${faults}`, {
        source: 'control-plane',
        isRetryable: true,
      });
    }
    const { id, certificatePem, rootsPem, notBeforeMs, notAfterMs } = checked.value;
    return {
      spiffeId: formatSpiffeId(id),
      trustDomain,
      certificatePem,
      privateKeyPem,
      rootsPem: joinPem(this.#bundlePem ?? rootsPem),
      notBeforeMs,
      notAfterMs,
      generation: (this.#current?.generation ?? 0) + 1,
    };
  }

  #signed(material: IdentityMaterial): void {
    if (this.#isStopped) return;
    const { clock, random, metrics, logger } = this.#options;
    this.#attempt = 0;
    metrics.renewals.inc();
    metrics.expiry.set(material.notAfterMs / 1_000);
    const delayMs = renewalDelayMs(material, clock.nowMs(), random());
    this.#cancelTimer = clock.schedule(delayMs, () => this.#renew());
    logger.info('certificate received', {
      spiffeId: material.spiffeId,
      notAfter: new Date(material.notAfterMs).toISOString(),
      renewInSeconds: Math.round(delayMs / 1_000),
    });
    this.#replace(material);
  }

  #failed(reason: string): void {
    if (this.#isStopped) return;
    const { clock, random, metrics, logger } = this.#options;
    metrics.failures.inc();
    // Once an outage: the retries of a long one would fill the log.
    const log = this.#attempt === 0 ? logger.warn : logger.debug;
    const delayMs = backoffDelayMs(this.#attempt++, retryBackoff, random);
    this.#cancelTimer = clock.schedule(delayMs, () => this.#renew());
    const message = this.#current === null ? 'no certificate yet' : 'certificate renewal failed';
    log(message, { reason, retryInMs: Math.round(delayMs) });
  }

  #replace(material: IdentityMaterial): void {
    this.#current = material;
    for (const listener of [...this.#listeners]) listener(material);
  }
}

/**
 * Renewal at half life, moved by up to a tenth of it either way, so that what started together does not
 * renew together. `chance` is uniform in [0, 1).
 */
export function renewalDelayMs(
  { notBeforeMs, notAfterMs }: Pick<IdentityMaterial, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
  chance: number,
): number {
  const halfLifeMs = (notAfterMs - notBeforeMs) / 2;
  const atMs = notBeforeMs + halfLifeMs * (0.9 + chance * 0.2);
  return Math.min(maxTimerMs, Math.max(minRenewalMs, atMs - nowMs));
}

function joinPem(certificates: readonly string[]): string {
  return certificates.map((pem) => (pem.endsWith('\n') ? pem : `${pem}\n`)).join('');
}
