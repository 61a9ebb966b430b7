import type { SecureContext } from 'node:tls';
import type { PeerCertificateInfo } from './transport.ts';

export interface CachedSession {
  readonly session: Buffer;
  /** Of the full handshake: on a client, node shows none after a resumption. */
  readonly certificate: PeerCertificateInfo;
}

interface Entry extends CachedSession {
  readonly context: WeakRef<SecureContext>;
}

/**
 * Client sessions by key, the least recently used dropped first. A session is bound to the context
 * that made it: after a rotation of key or trust it is not offered, so that a resumption never
 * outlives the trust that it rests on.
 */
export class TlsSessionCache {
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry>();

  constructor(maxEntries = 1024) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, context: SecureContext): CachedSession | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.context.deref() !== context) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, context: SecureContext, { session, certificate }: CachedSession): void {
    this.#entries.delete(key);
    this.#entries.set(key, { session, certificate, context: new WeakRef(context) });
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
