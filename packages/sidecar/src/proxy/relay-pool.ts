import type { DownstreamContext } from './downstream-context.ts';
import { type RelayClient, RequestRelay } from './request-relay.ts';

const MAX_SPARE = 1024;

/**
 * The relays of one listener: as many as there are exchanges at once, and none for a connection that is idle
 * (benchmark `idle-connections-h1`).
 */
export class RelayPool {
  readonly context: DownstreamContext;
  readonly #spare: RequestRelay[] = [];

  constructor(context: DownstreamContext) {
    this.context = context;
  }

  take(client: RelayClient): RequestRelay {
    const relay = this.#spare.pop() ?? new RequestRelay(this.context);
    this.context.retries.onRequest();
    relay.client = client;
    relay.exchange.forwardedClient = client.forwarded;
    return relay;
  }

  release(relay: RequestRelay): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(relay);
  }
}
