import type { RetryResult } from '../metrics.ts';
import type { Exchange } from './exchange.ts';
import type { RequestStack } from './request-stack.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Loss } from './send-again.ts';
import type { EndpointSlot } from './upstreams.ts';

const MAX_RETRIES = 2;

export interface RetriesOptions {
  readonly stack: RequestStack;
  readonly budget: RetryBudget;
  readonly count: (result: RetryResult) => void;
}

/** Where the lost requests of one side are sent again, and how many of them. */
export class Retries {
  readonly #options: RetriesOptions;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  onRequest(): void {
    this.#options.budget.onRequest();
  }

  /** Of a request that may be sent again: where to. Null: nowhere, its failure is answered. */
  next(exchange: Exchange, loss: Loss): EndpointSlot | null {
    const { stack, budget, count } = this.#options;
    if (exchange.retries >= MAX_RETRIES || (exchange.isRepeated && !loss.isUnprocessed)) return null;
    const slot = stack.routeAgain(exchange) ?? (loss.mayStay ? exchange.slot : null);
    if (slot === null) {
      count('no_endpoint');
      return null;
    }
    if (!budget.take()) {
      count('over_budget');
      return null;
    }
    count('sent');
    exchange.retries++;
    if (!loss.isUnprocessed) exchange.isRepeated = true;
    return slot;
  }
}
