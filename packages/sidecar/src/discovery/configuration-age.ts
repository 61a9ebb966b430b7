import type { Clock } from '@tulle/runtime';

/** Who told what is in force. */
export type ConfigurationSource = 'none' | 'disk' | 'control-plane';

/** How old the configuration may be: the control plane was last heard at a known moment, in this life or before. */
export class ConfigurationAge {
  source: ConfigurationSource = 'none';
  readonly #clock: Clock;
  /** Until then it is known to have been in step; null while nothing is known, or it is in step. */
  #inStepUntilMs: number | null = null;
  #awaySinceMs: number | null;
  #hasTried = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#awaySinceMs = clock.nowMs();
  }

  get isInStep(): boolean {
    return this.#awaySinceMs === null;
  }

  /**
   * Not ready because of it: what is on disk serves where the control plane cannot be had, which the first
   * attempt tells. Where it can, a restart need not begin with what has changed meanwhile.
   */
  get missing(): string | null {
    const isUntried = this.source === 'disk' && !this.#hasTried;
    return isUntried ? 'the control plane has not been tried yet' : null;
  }

  /** Since when it may have changed without our knowing; 0 while in step, or without configuration. */
  get seconds(): number {
    const sinceMs = this.#inStepUntilMs;
    return sinceMs === null ? 0 : Math.max(0, this.#clock.nowMs() - sinceMs) / 1_000;
  }

  restored(savedMs: number): void {
    this.source = 'disk';
    this.#inStepUntilMs = savedMs;
  }

  connected(): void {
    this.source = 'control-plane';
    this.#hasTried = true;
    this.#awaySinceMs = null;
    this.#inStepUntilMs = null;
  }

  /** Or it could not be had in the first place. */
  disconnected(): void {
    this.#hasTried = true;
    if (this.#awaySinceMs !== null) return;
    this.#awaySinceMs = this.#clock.nowMs();
    this.#inStepUntilMs = this.#awaySinceMs;
  }

  /** What an operator should know of it, beside that it serves; null where there is nothing to say. */
  get note(): string | null {
    if (this.#awaySinceMs === null) return null;
    const away = `control plane away since ${iso(this.#awaySinceMs)}`;
    if (this.source !== 'disk') return away;
    return `configuration from disk, saved ${iso(this.#inStepUntilMs ?? 0)}; ${away}`;
  }

  describe(): unknown {
    return {
      source: this.source,
      ageSeconds: Math.round(this.seconds),
      controlPlaneAwaySince: this.#awaySinceMs === null ? null : iso(this.#awaySinceMs),
    };
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
