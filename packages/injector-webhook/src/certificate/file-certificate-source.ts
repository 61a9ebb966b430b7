import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type Clock, type Logger, messageOf, Poller } from '@tulle/runtime';
import type { CertificateSource, HeldCertificate } from './certificate-source.ts';
import { expiresAtMs } from './next-material.ts';

export interface FileCertificateOptions {
  /** With `tls.crt`, `tls.key` and perhaps `ca.crt`, as cert-manager's Secret is mounted. */
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
    const read = (file: string) => readFile(join(this.#directory, file), 'utf8');
    const authoritiesPem = await read('ca.crt').catch(nullIfAbsent);
    this.#take({ chainPem: await read('tls.crt'), privateKeyPem: await read('tls.key'), authoritiesPem });
  }

  #failed(thrown: unknown): void {
    const [directory, reason] = [this.#directory, messageOf(thrown)];
    this.#missingReason = `the serving certificate cannot be read from ${directory}: ${reason}`;
    this.#logger.warn('certificate files not read', { directory, reason });
  }

  #take(material: Pick<HeldCertificate, 'chainPem' | 'privateKeyPem' | 'authoritiesPem'>): void {
    const { chainPem, privateKeyPem, authoritiesPem } = material;
    const current = this.#current;
    const isKnown = current?.chainPem === chainPem && current.privateKeyPem === privateKeyPem;
    if (isKnown && current.authoritiesPem === authoritiesPem) return;
    // Throws where the two don't belong together, as they don't for a moment while they are replaced.
    createSecureContext({ cert: chainPem, key: privateKeyPem });
    const held = { ...material, isGiven: true, expiresAtMs: expiresAtMs({ chainPem }) };
    this.#current = held;
    const expires = new Date(held.expiresAtMs).toISOString();
    this.#logger.info('certificate files taken', {
      expires,
      hasAuthorities: authoritiesPem !== null,
    });
    for (const listener of this.#listeners) listener(held);
  }
}

/** Secrets of an issuer that everybody trusts have none. */
function nullIfAbsent(thrown: unknown): null {
  if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw thrown;
}
