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
import {
  type CertificateStore,
  forgetfulCertificateStore,
  type SavedCertificate,
} from './certificate-store.ts';
import { checkCertificate, type SignedCertificate } from './check-certificate.ts';
import { makeKeyAndRequest } from './key-pair.ts';

export interface WorkloadIdentityOptions {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly signer: CertificateSigner;
  /** What an earlier life left is used where it is still valid. Default: nothing outlives the process. */
  readonly store?: CertificateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: IdentityMetrics;
  readonly logger: Logger;
}

const retryBackoff = { baseMs: 250, maxMs: 5_000 };
/** Node's timers hold 31 bits; a longer wait only renews earlier. */
const maxTimerMs = 2 ** 31 - 1;
const minRenewalMs = 1_000;
/** How soon it is noticed that the wall clock has jumped. */
const lookMs = 60_000;
/**
 * A certificate from disk is renewed within this even if it is not due: the pod's service account or the
 * mesh's signing key may have changed since, and only the control plane knows.
 */
const maxRestoredMs = 60_000;

interface Received {
  readonly material: IdentityMaterial;
  readonly saved: SavedCertificate;
}

/**
 * The workload's certificate: taken from disk or had signed by token at start, renewed at half life, and again
 * by token if it ever expired. `start` does not wait for it: the sidecar stands and says that it is not ready meanwhile.
 */
export class WorkloadIdentity implements Component, IdentitySource {
  readonly name = 'identity';
  readonly #options: WorkloadIdentityOptions;
  readonly #store: CertificateStore;
  readonly #listeners: ((material: IdentityMaterial) => void)[] = [];
  #current: IdentityMaterial | null = null;
  #saved: SavedCertificate | null = null;
  /** The roots that discovery announced last; they outrank those of a signing answer. */
  #bundlePem: readonly string[] | null = null;
  #attempt = 0;
  #isStopped = true;
  #cancelTimer: () => void = () => {};

  constructor(options: WorkloadIdentityOptions) {
    this.#options = options;
    this.#store = options.store ?? forgetfulCertificateStore;
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
    const restored = await this.#restore();
    if (restored === null) this.#renew();
    else this.#use(restored, 'certificate restored', maxRestoredMs * this.#options.random());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#store.flush();
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
    this.#save();
  }

  /** What an earlier life had signed, if it would be taken today. */
  async #restore(): Promise<Received | null> {
    const saved = await this.#store.load();
    if (saved === null) return null;
    try {
      const received = this.#check(saved, saved.privateKeyPem, saved.bundlePem);
      this.#bundlePem = saved.bundlePem;
      return received;
    } catch (thrown) {
      this.#options.logger.warn('saved certificate ignored', { reason: messageOf(thrown) });
      return null;
    }
  }

  #renew(): void {
    this.#sign().then(
      (received) => this.#signed(received),
      (thrown) => this.#failed(messageOf(thrown)),
    );
  }

  async #sign(): Promise<Received> {
    // A key for each certificate: one that leaked is worth no more than what is left of its life.
    const { privateKeyPem, csrDer } = await makeKeyAndRequest();
    const signed = await this.#options.signer.sign(csrDer);
    return this.#check(signed, privateKeyPem, this.#bundlePem);
  }

  /** Throws `CERTIFICATE_INVALID` where peers would refuse it. */
  #check(
    { chainDer, rootsDer }: SignedCertificate,
    privateKeyPem: string,
    bundlePem: readonly string[] | null,
  ): Received {
    const { trustDomain, namespace, clock } = this.#options;
    const checked = checkCertificate(
      { chainDer, rootsDer },
      { trustDomain, namespace, privateKeyPem, nowMs: clock.nowMs(), knownRootsPem: bundlePem ?? [] },
    );
    if (!checked.ok) {
      const faults = formatViolations(checked.violations);
      throw new TulleError('CERTIFICATE_INVALID', `the signed certificate cannot be used: ${faults}`, {
        source: 'control-plane',
        isRetryable: true,
      });
    }
    const { id, certificatePem, rootsPem, notBeforeMs, notAfterMs } = checked.value;
    const material = {
      spiffeId: formatSpiffeId(id),
      trustDomain,
      certificatePem,
      privateKeyPem,
      rootsPem: joinPem(bundlePem ?? rootsPem),
      notBeforeMs,
      notAfterMs,
      generation: (this.#current?.generation ?? 0) + 1,
    };
    return { material, saved: { chainDer, rootsDer, privateKeyPem, bundlePem } };
  }

  #signed(received: Received): void {
    if (this.#isStopped) return;
    this.#attempt = 0;
    this.#options.metrics.renewals.inc();
    this.#use(received, 'certificate received', Number.POSITIVE_INFINITY);
    this.#save();
  }

  /** From now on, and renewed in time. */
  #use({ material, saved }: Received, message: string, maxDelayMs: number): void {
    const { clock, random, metrics, logger } = this.#options;
    metrics.expiry.set(material.notAfterMs / 1_000);
    const delayMs = Math.min(maxDelayMs, renewalDelayMs(material, clock.nowMs(), random()));
    this.#renewAt(clock.nowMs() + delayMs);
    logger.info(message, {
      spiffeId: material.spiffeId,
      notAfter: new Date(material.notAfterMs).toISOString(),
      renewInSeconds: Math.round(delayMs / 1_000),
    });
    this.#saved = saved;
    this.#replace(material);
  }

  /** By the wall clock, as peers verify it: one timer for half a life would be late after the machine has slept. */
  #renewAt(dueMs: number): void {
    const { clock } = this.#options;
    this.#cancelTimer = clock.schedule(Math.min(Math.max(0, dueMs - clock.nowMs()), lookMs), () => {
      if (clock.nowMs() >= dueMs) this.#renew();
      else this.#renewAt(dueMs);
    });
  }

  #save(): void {
    if (this.#saved !== null) this.#store.save({ ...this.#saved, bundlePem: this.#bundlePem });
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
