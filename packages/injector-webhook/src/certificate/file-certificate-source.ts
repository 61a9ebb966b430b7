import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type Clock, type Logger, messageOf, Poller } from '@tulle/runtime';
import type { CertificateSource, HeldCertificate } from './certificate-source.ts';
import { expiresAtMs } from './next-material.ts';

export interface FileCertificateOptions {
  /** With `tls.crt` and `tls.key`, as cert-manager's Secret is mounted. */
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Kubelet replaces mounted Secrets within about a minute too. */
const pollMs = 30_000;

/** A certificate that others make and renew: its files are read again and again. */
export class FileCertificateSource implements CertificateSource {
  readonly name = 'certificate files';
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #poller: Poller;
  readonly #listeners: ((certificate: HeldCertificate) => void)[] = [];
  #current: HeldCertificate | null = null;
  #missingReason: string | null = 'the files of the serving certificate have not been read yet';

  constructor({ directory, clock, logger }: FileCertificateOptions) {
    this.#directory = directory;
    this.#logger = logger;
    this.#poller = new Poller({
      name: this.name,
      read: () => this.#read(),
      onFailed: (thrown) => this.#failed(thrown),
      intervalMs: () => pollMs,
      clock,
    });
  }

  get current(): HeldCertificate | null {
    return this.#current;
  }

  get missingReason(): string | null {
    return this.#current === null ? this.#missingReason : null;
  }

  onChange(listener: (certificate: HeldCertificate) => void): void {
    this.#listeners.push(listener);
  }

  async start(): Promise<void> {
    await this.#poller.start();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
  }

  async #read(): Promise<void> {
    const [chainPem = '', privateKeyPem = ''] = await Promise.all(
      ['tls.crt', 'tls.key'].map((file) => readFile(join(this.#directory, file), 'utf8')),
    );
    this.#take(chainPem, privateKeyPem);
  }

  #failed(thrown: unknown): void {
    const [directory, reason] = [this.#directory, messageOf(thrown)];
    this.#missingReason = `the serving certificate cannot be read from ${directory}: ${reason}`;
    this.#logger.warn('certificate files not read', { directory, reason });
  }

  #take(chainPem: string, privateKeyPem: string): void {
    if (this.#current?.chainPem === chainPem && this.#current.privateKeyPem === privateKeyPem) return;
    // Throws where the two don't belong together, as they don't for a moment while they are replaced.
    createSecureContext({ cert: chainPem, key: privateKeyPem });
    this.#current = { chainPem, privateKeyPem, authoritiesPem: null, expiresAtMs: expiresAtMs({ chainPem }) };
    for (const listener of this.#listeners) listener(this.#current);
  }
}
