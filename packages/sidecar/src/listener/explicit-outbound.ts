import { type Listener, listenTcp, serveHttp, type Transport } from '@tulle/http';
import { DownstreamConnection } from '../proxy/downstream-connection.ts';
import { acceptLimit } from './accept-limit.ts';
import type { ListenerContext } from './listener-context.ts';
import type { OutboundListener } from './listeners.ts';

/** Explicit mode: applications send HTTP here, and say in Host where it is to go. */
export class ExplicitOutbound implements OutboundListener {
  readonly #context: ListenerContext;
  #listener: Listener | null = null;

  constructor(context: ListenerContext) {
    this.#context = context;
  }

  get host(): string {
    return this.#context.settings.host;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async open(): Promise<void> {
    const { settings, logger } = this.#context;
    this.#listener = await listenTcp({
      host: settings.host,
      port: settings.outboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      mayAccept: acceptLimit('outbound', this.#context),
      onConnection: (transport) => this.#accept(transport),
      onError: (error) => logger.error('outbound listener failed', { reason: error.message }),
    });
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  #accept(transport: Transport): void {
    const { http } = this.#context;
    new DownstreamConnection(http, { peer: null, captured: null }, (handler) =>
      serveHttp(transport, handler, http.context.serverOptions),
    );
  }
}
