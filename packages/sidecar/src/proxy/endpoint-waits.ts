import type { Clock } from '@tulle/runtime';
import type { Cluster } from '../config/mesh-view.ts';
import type { EndpointWaitResult } from '../metrics.ts';
import type { Exchange } from './exchange.ts';
import type { Outcome } from './failure.ts';
import type { ServedRequest } from './request-stack.ts';
import type { Swept } from './sweep.ts';
import type { Upstreams } from './upstreams.ts';

export interface EndpointWaitsOptions {
  readonly upstreams: Upstreams;
  readonly clock: Clock;
  readonly maxWaiting: number;
  /** Of a request in all, and from when the service lost its last endpoint. 0: none waits. */
  readonly waitMs: number;
  readonly count: (result: EndpointWaitResult) => void;
}

/** What is asked of a request that waits, and done with it. */
export type WaitingRequest = Pick<ServedRequest, 'holdNumber' | 'resumeRouting' | 'giveUp'> & {
  readonly exchange: Pick<Exchange, 'startedMs'>;
};

interface Waiting extends Outcome {
  readonly request: WaitingRequest;
  readonly holdNumber: number;
  readonly endMs: number;
}

/**
 * Requests to a service that had an endpoint a moment ago, and has none that can be reached. In a rollout a pod may
 * be gone before its callers know the next one: they wait for it, for a moment, and only in the first moment of an
 * outage, so that a service that stays away is soon answered for at once (ADR 0018).
 */
export class EndpointWaits implements Swept {
  readonly #options: EndpointWaitsOptions;
  readonly #waiting = new Map<Cluster, Waiting[]>();
  #count = 0;

  constructor(options: EndpointWaitsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** `outcome`: what it is answered in the end. False: there is nothing to wait for. Else `resumeRouting()` or `giveUp()` is called, in a later turn. */
  hold(cluster: Cluster, request: WaitingRequest, { failure, detail }: Outcome): boolean {
    const { upstreams, clock, maxWaiting, waitMs, count } = this.#options;
    const sinceMs = upstreams.outSinceMs(cluster);
    if (sinceMs === null) return false;
    const endMs = Math.min(sinceMs, request.exchange.startedMs) + waitMs;
    if (endMs <= clock.monotonicMs()) return false;
    if (this.#count >= maxWaiting) {
      count('overflow');
      return false;
    }
    this.#count++;
    const waiting = { request, holdNumber: ++request.holdNumber, endMs, failure, detail };
    const all = this.#waiting.get(cluster);
    if (all === undefined) this.#waiting.set(cluster, [waiting]);
    else all.push(waiting);
    return true;
  }

  onSweep(nowMs: number): void {
    const { upstreams } = this.#options;
    for (const [cluster, all] of [...this.#waiting]) {
      // Takes in what discovery has said meanwhile.
      upstreams.slotsOf(cluster);
      const isBack = upstreams.outSinceMs(cluster) === null;
      const over = all.filter(({ endMs }) => isBack || endMs <= nowMs);
      // Before anybody is told: who is may send the next request, which may have to wait, too.
      this.#count -= over.length;
      if (over.length === all.length) this.#waiting.delete(cluster);
      else if (over.length > 0)
        this.#waiting.set(
          cluster,
          all.filter(({ endMs }) => endMs > nowMs),
        );
      for (const waiting of over) this.#end(waiting, isBack);
    }
  }

  #end({ request, holdNumber, failure, detail }: Waiting, isBack: boolean): void {
    this.#options.count(isBack ? 'found' : 'in_vain');
    if (isBack) request.resumeRouting(holdNumber, null);
    else request.giveUp(holdNumber, failure, detail);
  }
}
