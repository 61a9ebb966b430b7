import { memoryAccount } from '@tulle/http';
import type { Counter, MetricsRegistry, SeriesFamily } from '@tulle/runtime';
import { type OverloadReason, overloadReasons } from './overload-reason.ts';

/** What is told of a guard. */
export interface WatchedGuard {
  readonly underWay: number;
  readonly isPressed: boolean;
  readonly loopDelayMs: number;
  isFullOf(reason: OverloadReason): boolean;
}

export class OverloadMetrics {
  readonly #registry: MetricsRegistry;
  readonly #shed: SeriesFamily<Counter>;

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
    this.#shed = registry.counter(
      'tulle_overload_shed_total',
      'Requests answered 503 overloaded, by bound.',
      ['reason'],
    );
    for (const reason of overloadReasons) this.#shed.with(reason);
  }

  shed(reason: OverloadReason): void {
    this.#shed.with(reason).inc();
  }

  watch(guard: WatchedGuard): void {
    const registry = this.#registry;
    const state = registry.gauge('tulle_overload_state', '1: requests are shed for it now.', ['reason']);
    const pressed = registry.gauge('tulle_overload_pressure', '1: memory is tight.').with();
    const buffered = registry.gauge('tulle_buffered_bytes', 'Held because nobody takes it.').with();
    const underWay = registry.gauge('tulle_requests_under_way', 'Exchanges under way.').with();
    const delay = registry
      .gauge('tulle_event_loop_delay_seconds', 'How late the last timer of the request path was.')
      .with();
    registry.onCollect(() => {
      for (const reason of overloadReasons) state.with(reason).set(guard.isFullOf(reason) ? 1 : 0);
      pressed.set(guard.isPressed ? 1 : 0);
      buffered.set(memoryAccount.bufferedBytes);
      underWay.set(guard.underWay);
      delay.set(guard.loopDelayMs / 1_000);
    });
  }
}
