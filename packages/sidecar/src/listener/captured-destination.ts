import { networkInterfaces } from 'node:os';
import type { Transport } from '@tulle/http';
import type { OriginalAddress, OriginalDestination } from '../capture/original-destination.ts';

/** Where a connection was going; or that nothing redirected it: it dialled the listener itself. */
export type CapturedDestination =
  | { readonly kind: 'captured'; readonly address: OriginalAddress }
  | { readonly kind: 'direct' };

const direct: CapturedDestination = { kind: 'direct' };

/** A connection that was not redirected has its own local address for its original one. */
export function capturedDestination(
  transport: Transport,
  family: 4 | 6,
  original: OriginalDestination,
): CapturedDestination {
  const address = ask(transport.fd, family, original);
  if (address === null) return direct;
  const isItself = address.port === transport.localPort && address.address === transport.localAddress;
  return isItself ? direct : { kind: 'captured', address };
}

/** A connection that is gone already has no descriptor to ask. */
function ask(fd: number, family: 4 | 6, original: OriginalDestination): OriginalAddress | null {
  try {
    return original(fd, family);
  } catch {
    return null;
  }
}

const REFRESH_MS = 10_000;

/** The pod's own addresses, which hardly ever change. */
export class OwnAddresses {
  #addresses: ReadonlySet<string> = new Set();
  #readMs = Number.NEGATIVE_INFINITY;

  has(address: string, nowMs: number): boolean {
    if (nowMs - this.#readMs >= REFRESH_MS) {
      this.#readMs = nowMs;
      this.#addresses = new Set(
        Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address)),
      );
    }
    return this.#addresses.has(address);
  }
}
