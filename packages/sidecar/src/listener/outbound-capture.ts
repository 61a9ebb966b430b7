/**
 * What the application sends, captured: the original destination of a connection says which service or pod is
 * meant, its declared protocol or its first bytes what it carries.
 */
import type { Transport } from '@tulle/http';
import type { OriginalAddress, OriginalDestination } from '../capture/original-destination.ts';
import type { OutboundLookup, OutboundView } from '../config/mesh-view.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import { acceptLimit } from './accept-limit.ts';
import { CapturedConnection } from './captured-connection.ts';
import { capturedDestination, OwnAddresses } from './captured-destination.ts';
import { type FamilyListeners, listenFamilies } from './listen-families.ts';
import type { ListenerContext } from './listener-context.ts';
import type { OutboundListener } from './listeners.ts';
import { OutboundRoute } from './outbound-route.ts';

/** What REDIRECT makes of the destination of a local process: out of the reach of other pods. */
const hosts = { 4: '127.0.0.1', 6: '::1' } as const;

export class OutboundCapture implements OutboundListener {
  readonly host = hosts[4];
  readonly #context: ListenerContext;
  readonly #view: OutboundView;
  readonly #original: OriginalDestination;
  readonly #ownAddresses = new OwnAddresses();
  #listeners: FamilyListeners | null = null;
  #heldCount = 0;

  constructor(context: ListenerContext, view: OutboundView, original: OriginalDestination) {
    this.#context = context;
    this.#view = view;
    this.#original = original;
  }

  /** 0 until it is bound. */
  get port(): number {
    return this.#listeners?.port ?? 0;
  }

  async open(): Promise<void> {
    const { settings, logger } = this.#context;
    this.#listeners = await listenFamilies({
      hosts,
      logger,
      port: settings.outboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      mayAccept: acceptLimit('outbound', this.#context),
      onConnection: (transport, family) => this.#accept(transport, family),
      onError: (error) => logger.error('outbound listener failed', { reason: error.message }),
    });
  }

  async close(): Promise<void> {
    await this.#listeners?.close();
  }

  #accept(transport: Transport, family: 4 | 6): void {
    const destination = capturedDestination(transport, family, this.#original);
    if (destination.kind === 'direct') {
      this.#refuse(transport, failures.notCaptured);
      return;
    }
    const { address, port } = destination.address;
    if (this.#isLoop(address, port)) {
      this.#refuse(transport, failures.loop);
      return;
    }
    const lookup = this.#view.lookupAddress(address, port);
    if (lookup.kind === 'pending') this.#hold(transport, destination.address, lookup);
    else this.#route(transport, destination.address, lookup);
  }

  /** The sidecar's own ports, dialled by the application. */
  #isLoop(address: string, port: number): boolean {
    if (port !== this.port && port !== this.#context.settings.inboundPort) return false;
    return this.#ownAddresses.has(address, this.#context.sweep.nowMs);
  }

  #hold(
    transport: Transport,
    address: OriginalAddress,
    lookup: Extract<OutboundLookup, { kind: 'pending' }>,
  ): void {
    if (this.#heldCount >= this.#context.settings.limits.maxHeldRequests) {
      this.#refuse(transport, failures.discoveryOverflow);
      return;
    }
    this.#heldCount++;
    transport.pause();
    lookup.wait((answer) => {
      this.#heldCount--;
      // In a turn of its own, as answers may come at once, within the accept.
      setImmediate(() => {
        transport.resume();
        this.#route(transport, address, answer.kind === 'pending' ? { kind: 'timeout' } : answer);
      });
    });
  }

  #route(transport: Transport, address: OriginalAddress, lookup: OutboundLookup): void {
    const route = new OutboundRoute(this.#context, this.#view, address, lookup);
    new CapturedConnection(transport, route, this.#context).begin();
  }

  #refuse(transport: Transport, { reason, message }: Failure): void {
    this.#context.metrics.refused('outbound', reason);
    const { remoteAddress, localPort } = transport;
    this.#context.logger.warn('outbound connection refused', { reason, message, remoteAddress, localPort });
    transport.abort();
  }
}
