import type { ResourceKind } from '@tulle/model';
import type { ConnectedProxyType, Rejection, ResponseMark } from './connected-proxy.ts';
import type { Holdings } from './held-versions.ts';
import type { Batch } from './pending-changes.ts';
import { TypeSubscription } from './type-subscription.ts';

/** A response that was sent and neither taken nor rejected yet. */
export interface InFlight {
  readonly mark: ResponseMark;
  readonly batch: Batch;
  readonly sentMs: number;
  cancelTimeout(): void;
}

const resourcesNamedAtMost = 10;
const reasonCharsAtMost = 2_000;

/**
 * One type on one stream: its subscription and its one response in flight. The protocol allows several; one
 * keeps grpc-js from queueing without bound, and lets changes coalesce while a slow proxy takes its time.
 */
export class TypeStream {
  readonly typeUrl: string;
  readonly kind: ResourceKind | null;
  readonly subscription: TypeSubscription;
  inFlight: InFlight | null = null;
  readonly #holdings: Holdings;
  #sent: ResponseMark | null = null;
  #acked: ResponseMark | null = null;
  #nacked: Rejection | null = null;

  constructor(typeUrl: string, kind: ResourceKind | null, holdings: Holdings) {
    this.typeUrl = typeUrl;
    this.kind = kind;
    this.#holdings = holdings;
    this.subscription = new TypeSubscription(holdings);
  }

  onSent(inFlight: InFlight): void {
    this.inFlight = inFlight;
    this.#sent = inFlight.mark;
    this.#holdings.sent(inFlight.batch.entries);
  }

  /** The proxy took the response in flight. */
  onAck(): void {
    const { mark, batch } = this.#settle();
    this.#acked = mark;
    this.#holdings.taken(batch.entries);
    // Removals alone don't show that what was rejected has been mended.
    if (batch.entries.length > 0) this.#nacked = null;
  }

  /**
   * The proxy rejected the response in flight. What was in it counts as sent nevertheless: the same content
   * is not sent again, since it would be rejected again.
   */
  onNack(reason: string): Rejection {
    const { mark, batch } = this.#settle();
    const resources = batch.entries
      .slice(0, resourcesNamedAtMost)
      .map(({ name, version }) => `${name}@${version}`);
    this.#nacked = { ...mark, reason: reason.slice(0, reasonCharsAtMost), resources };
    this.#holdings.refused(batch.entries, this.#nacked.reason);
    return this.#nacked;
  }

  stop(): void {
    this.inFlight?.cancelTimeout();
    this.inFlight = null;
    this.#holdings.clear();
  }

  describe(): ConnectedProxyType {
    const { typeUrl, kind, subscription } = this;
    const { size: subscriptions, isWildcard } = subscription;
    return {
      typeUrl,
      kind,
      subscriptions,
      isWildcard,
      sent: this.#sent,
      acked: this.#acked,
      nacked: this.#nacked,
    };
  }

  #settle(): InFlight {
    const { inFlight } = this;
    if (inFlight === null) throw new Error(`no response of ${this.typeUrl} is in flight`);
    inFlight.cancelTimeout();
    this.inFlight = null;
    return inFlight;
  }
}
