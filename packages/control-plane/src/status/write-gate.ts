import type { Urgency } from './merge-status.ts';

export interface WriteGateTiming {
  /** Between two writes of which the second tells another count of proxies and nothing else. */
  readonly countMs: number;
  /** For so long something has to be in force no longer before that is told. */
  readonly waningMs: number;
  /** Writes of one object in a row, and after which time there may be one more. */
  readonly burst: number;
  readonly refillMs: number;
}

const defaultTiming: WriteGateTiming = { countMs: 30_000, waningMs: 10_000, burst: 5, refillMs: 10_000 };

interface GateState {
  tokens: number;
  refilledMs: number;
  writtenMs: number;
  waningSinceMs: number | null;
}

/**
 * When an object's status may be written: at once, unless it tells no news worth a write, or it has been
 * written over and over, as where two controllers believe that one entry is theirs.
 */
export class WriteGate {
  readonly #timing: WriteGateTiming;
  readonly #states = new Map<string, GateState>();

  constructor(timing: Partial<WriteGateTiming> = {}) {
    this.#timing = { ...defaultTiming, ...timing };
  }

  /** How long to wait before looking again; 0: write now. */
  delayMs(key: string, urgency: Urgency, nowMs: number): number {
    const state = this.#stateOf(key, nowMs);
    if (urgency !== 'waning') state.waningSinceMs = null;
    else state.waningSinceMs ??= nowMs;
    const { countMs, waningMs } = this.#timing;
    const dueMs = {
      high: nowMs,
      count: state.writtenMs + countMs,
      waning: (state.waningSinceMs ?? nowMs) + waningMs,
    }[urgency];
    return Math.max(0, dueMs - nowMs, this.#untilTokenMs(state, nowMs));
  }

  /** The status has been written. */
  wrote(key: string, nowMs: number): void {
    const state = this.#stateOf(key, nowMs);
    state.tokens = Math.max(0, state.tokens - 1);
    state.writtenMs = nowMs;
    state.waningSinceMs = null;
  }

  /** The status is as it should be. */
  settled(key: string): void {
    const state = this.#states.get(key);
    if (state !== undefined) state.waningSinceMs = null;
  }

  forget(key: string): void {
    this.#states.delete(key);
  }

  #stateOf(key: string, nowMs: number): GateState {
    const { burst, refillMs } = this.#timing;
    const state = this.#states.get(key) ?? {
      tokens: burst,
      refilledMs: nowMs,
      // As after a write: whoever begins to lead sees proxies come back, and the count that stands is no news.
      writtenMs: nowMs,
      waningSinceMs: null,
    };
    this.#states.set(key, state);
    const gained = Math.floor((nowMs - state.refilledMs) / refillMs);
    state.tokens = Math.min(burst, state.tokens + gained);
    state.refilledMs += gained * refillMs;
    return state;
  }

  #untilTokenMs({ tokens, refilledMs }: GateState, nowMs: number): number {
    return tokens > 0 ? 0 : refilledMs + this.#timing.refillMs - nowMs;
  }
}
