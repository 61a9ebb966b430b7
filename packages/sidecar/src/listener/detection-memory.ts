import type { AppProtocol } from '@tulle/model';

/**
 * How long to wait for a client's first bytes, by what was seen at the same destination before. A client that
 * speaks first does so at once, nearly always; one that waits for its server would wait for us in vain.
 */
export interface DetectionWaits {
  /** Of a destination that is not known. */
  readonly unknownMs: number;
  /** Where the server spoke first. */
  readonly serverFirstMs: number;
  /** Where clients spoke first: one that is silent has only connected ahead of its need. */
  readonly clientFirstMs: number;
}

const defaultDetectionWaits: DetectionWaits = {
  unknownMs: 100,
  serverFirstMs: 0,
  clientFirstMs: 1_000,
};

/** Ports of protocols whose server speaks first, or that are never HTTP; the defaults of Linkerd. */
const opaquePorts: ReadonlySet<number> = new Set([25, 587, 3306, 4444, 5432, 6379, 9300, 11211]);

const MAX_DESTINATIONS = 1_024;

export class DetectionMemory {
  readonly #waits: DetectionWaits;
  readonly #speaksFirst = new Map<string, 'client' | 'server'>();

  constructor(waits: Partial<DetectionWaits> = {}) {
    this.#waits = { ...defaultDetectionWaits, ...waits };
  }

  /** `declared`: what the port's protocol says, for a destination that was not seen yet. */
  waitMs(destination: string, declared: 'client' | 'server' | null): number {
    switch (this.#speaksFirst.get(destination) ?? declared) {
      case 'server':
        return this.#waits.serverFirstMs;
      case 'client':
        return this.#waits.clientFirstMs;
      case null:
        return this.#waits.unknownMs;
    }
  }

  /** The last one seen counts: an address may have become another service's. */
  remember(destination: string, who: 'client' | 'server'): void {
    if (this.#speaksFirst.get(destination) === who) return;
    this.#speaksFirst.delete(destination);
    this.#speaksFirst.set(destination, who);
    if (this.#speaksFirst.size <= MAX_DESTINATIONS) return;
    const [oldest] = this.#speaksFirst.keys();
    if (oldest !== undefined) this.#speaksFirst.delete(oldest);
  }
}

/** Who speaks first by the declared protocol; null: it does not tell. */
export function firstSpeaker(protocol: AppProtocol, port: number): 'client' | 'server' | null {
  if (protocol === 'http' || protocol === 'h2c' || protocol === 'grpc') return 'client';
  return isOpaquePort(protocol, port) ? 'server' : null;
}

/** Whether a port carries bytes that nobody need look at. */
export function isOpaquePort(protocol: AppProtocol, port: number): boolean {
  return protocol === 'tcp' || protocol === 'tls' || (protocol === 'detect' && opaquePorts.has(port));
}
