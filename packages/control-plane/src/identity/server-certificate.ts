import { generateKeyPair } from '@tulle/certificates';
import type { SpiffeId } from '@tulle/model';
import {
  backoffDelayMs,
  type Clock,
  type Component,
  type Logger,
  messageOf,
  type Random,
} from '@tulle/runtime';
import type { CertificateAuthority, IssuedCertificate } from './certificate-authority.ts';

export interface ServerCertificateMaterial {
  readonly certificate: IssuedCertificate;
  readonly privateKeyPem: string;
}

export interface ServerCertificateOptions {
  readonly authority: CertificateAuthority;
  readonly identity: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How soon it is noticed that the wall clock has jumped. */
const lookMs = 60_000;

/** The control plane's own certificate: in memory only, renewed with a new key at half its life and under new roots. */
export class ServerCertificate implements Component {
  readonly name = 'server certificate';
  readonly #options: ServerCertificateOptions;
  readonly #listeners = new Set<(material: ServerCertificateMaterial) => void>();
  #current: ServerCertificateMaterial | null = null;
  #failures = 0;
  #isRunning = false;
  #cancel = () => {};
  #endSubscription: () => void = () => {};

  constructor(options: ServerCertificateOptions) {
    this.#options = options;
  }

  /** Null before `start`. */
  get current(): ServerCertificateMaterial | null {
    return this.#current;
  }

  onChange(listener: (material: ServerCertificateMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#renew();
    // What signed the present one may no longer lead to a root.
    this.#endSubscription = this.#options.authority.onChange(() => this.#renewIn(0));
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#endSubscription();
    this.#cancel();
  }

  async #renew(): Promise<void> {
    const { authority, identity, dnsNames, clock, random } = this.#options;
    const roots = authority.current;
    const { keys, privateKeyPem } = await generateKeyPair();
    const certificate = await authority.sign({ publicKey: keys.publicKey, identity, dnsNames });
    this.#current = { certificate, privateKeyPem };
    this.#failures = 0;
    for (const listener of this.#listeners) listener(this.#current);
    // They have changed meanwhile, and this one may be under the old ones still.
    if (authority.current !== roots) return this.#renewIn(0);
    // Half life, and up to a tenth earlier, so that replicas don't renew together.
    const nowMs = clock.nowMs();
    const lifeMs = certificate.notAfterMs - nowMs;
    this.#renewAt(nowMs + Math.max(1_000, (lifeMs / 2) * (1 - random() / 10)));
  }

  /** By the wall clock, as whoever verifies it: one timer for half a life would be late after the machine has slept. */
  #renewAt(dueMs: number): void {
    const { clock } = this.#options;
    this.#schedule(Math.min(Math.max(0, dueMs - clock.nowMs()), lookMs), () => {
      const nowMs = clock.nowMs();
      const isFromTheFuture = nowMs < (this.#current?.certificate.notBeforeMs ?? 0);
      if (nowMs >= dueMs || isFromTheFuture) this.#renewIn(0);
      else this.#renewAt(dueMs);
    });
  }

  #renewIn(delayMs: number): void {
    this.#schedule(delayMs, () => {
      this.#renew().catch((thrown) => this.#retry(thrown));
    });
  }

  #schedule(delayMs: number, task: () => void): void {
    if (!this.#isRunning) return;
    this.#cancel();
    this.#cancel = this.#options.clock.schedule(delayMs, task);
  }

  #retry(thrown: unknown): void {
    const delayMs = backoffDelayMs(this.#failures++, { baseMs: 1_000, maxMs: 300_000 }, this.#options.random);
    this.#options.logger.error('server certificate not renewed', { reason: messageOf(thrown), delayMs });
    this.#renewIn(delayMs);
  }
}
