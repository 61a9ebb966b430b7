import type { Component, Logger } from '@tulle/runtime';

/** Why a part cannot take requests yet, or null when it can. */
export type ReadinessCondition = () => string | null;

/**
 * Whether requests may be sent here. Started last and so stopped first: a proxy that drains has said before
 * that it is not ready.
 */
export class Readiness implements Component {
  readonly name = 'readiness';
  readonly #conditions: readonly ReadinessCondition[];
  readonly #logger: Logger;
  #state: 'starting' | 'running' | 'draining' = 'starting';

  constructor(conditions: readonly ReadinessCondition[], logger: Logger) {
    this.#conditions = conditions;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    this.#state = 'running';
  }

  async stop(): Promise<void> {
    this.drain();
  }

  /** From now on it is not ready, whatever else holds. */
  drain(): void {
    if (this.#state === 'draining') return;
    this.#state = 'draining';
    this.#logger.info('draining');
  }

  /** Everything that stands in the way; empty: ready. */
  reasons(): string[] {
    if (this.#state === 'draining') return ['draining'];
    const reasons = this.#conditions.map((condition) => condition()).filter((reason) => reason !== null);
    return this.#state === 'starting' ? ['starting', ...reasons] : reasons;
  }
}
