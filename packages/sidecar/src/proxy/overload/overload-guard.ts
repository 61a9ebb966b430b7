/**
 * Keeps the process alive when more comes than it can hold: one account of what the request path has in memory
 * and under way, each figure with a limit. Under pressure, which begins at half the bound for buffers, windows
 * are kept small, connections that have exchanges stalled get no new ones, and what has stalled for long is
 * cut; at a bound every new request is shed. Those under way live on.
 *
 * A few exchanges at a time are always served, whatever the figures say: memory that the allocator keeps after
 * a flood must not shut the sidecar for good.
 */
import { memoryAccount } from '@tulle/http';
import { assertNever } from '@tulle/model';
import type { Swept } from '../sweep.ts';
import { LoopDelay } from './loop-delay.ts';
import type { OverloadMetrics } from './overload-metrics.ts';
import type { OverloadReason } from './overload-reason.ts';
import { type ProcessMemory, readProcessMemory } from './process-memory.ts';

const ALWAYS_SERVED = 16;
const ALWAYS_CONNECTED = 64;
/** Of the patience with what stalls, where everybody is refused for it. */
const FULL_PATIENCE_SHARE = 0.2;
/** Of maxBufferedBytes: pressure begins, and ends. */
const PRESSED_SHARE = 0.5;
const RELIEVED_SHARE = 0.4;
/** Of the process's limits: shedding begins, and ends. */
const FULL_SHARE = 0.9;
const EASED_SHARE = 0.85;

export interface OverloadLimits {
  readonly maxRequests: number;
  readonly maxBufferedBytes: number;
  readonly memoryLimitBytes: number | null;
}

export interface OverloadOptions {
  readonly limits: OverloadLimits;
  readonly metrics: OverloadMetrics;
  readonly readMemory?: () => ProcessMemory;
}

/** Whose request it is. */
export interface AdmittedClient {
  /** Exchanges of its connection wait because somebody does not take them. */
  hasStalled(): boolean;
}

export class OverloadGuard implements Swept {
  /** Exchanges under way, of both listeners. */
  underWay = 0;
  readonly #limits: OverloadLimits;
  readonly #metrics: OverloadMetrics;
  readonly #readMemory: () => ProcessMemory;
  readonly #loop = new LoopDelay();
  #isMemoryFull = false;
  #isHeapFull = false;
  #isPressed = false;

  constructor({ limits, metrics, readMemory = readProcessMemory }: OverloadOptions) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#readMemory = readMemory;
    metrics.watch(this);
  }

  /** Memory is tight. */
  get isPressed(): boolean {
    return this.#isPressed;
  }

  /** How long an exchange may stall of which patience is `stalledMs`; null: as long as it likes. */
  patienceMs(stalledMs: number): number | null {
    if (!this.#isPressed) return null;
    const isFull = this.isFullOf('buffers') || this.#isMemoryFull || this.#isHeapFull;
    return isFull ? stalledMs * FULL_PATIENCE_SHARE : stalledMs;
  }

  /** False: the process has no memory for one beside those that are open, not even to say no to its requests. */
  acceptsConnection(openCount: number): boolean {
    return openCount < ALWAYS_CONNECTED || (!this.#isMemoryFull && !this.#isHeapFull);
  }

  get loopDelayMs(): number {
    return this.#loop.lateMs;
  }

  /** False: answer 503 `overloaded`. Called for each request. */
  admits(client: AdmittedClient): boolean {
    const reason = this.#refusal(client);
    if (reason === null) return true;
    this.#metrics.shed(reason);
    return false;
  }

  isFullOf(reason: OverloadReason): boolean {
    switch (reason) {
      case 'requests':
        return this.underWay >= this.#limits.maxRequests;
      case 'memory':
        return this.#isMemoryFull;
      case 'heap':
        return this.#isHeapFull;
      case 'buffers':
        return memoryAccount.bufferedBytes >= this.#limits.maxBufferedBytes;
      case 'loop':
        return this.#loop.share > 0;
      default:
        return assertNever(reason);
    }
  }

  onSweep(nowMs: number): void {
    this.#loop.onSweep(nowMs);
    const { rssBytes, heapUsedBytes, heapLimitBytes } = this.#readMemory();
    const { memoryLimitBytes } = this.#limits;
    this.#isMemoryFull = memoryLimitBytes !== null && isFull(rssBytes / memoryLimitBytes, this.#isMemoryFull);
    this.#isHeapFull = isFull(heapUsedBytes / heapLimitBytes, this.#isHeapFull);
    this.#look();
  }

  /** Says no more that memory is tight. */
  stop(): void {
    this.#press(false);
  }

  #refusal(client: AdmittedClient): OverloadReason | null {
    if (this.underWay <= ALWAYS_SERVED) return null;
    const { maxRequests, maxBufferedBytes } = this.#limits;
    if (this.underWay > maxRequests) return 'requests';
    if (this.#isMemoryFull) return 'memory';
    if (this.#isHeapFull) return 'heap';
    const { bufferedBytes } = memoryAccount;
    if (bufferedBytes >= maxBufferedBytes * PRESSED_SHARE) {
      this.#press(true);
      if (bufferedBytes >= maxBufferedBytes || client.hasStalled()) return 'buffers';
    }
    return this.#loop.takes() ? 'loop' : null;
  }

  #look(): void {
    const share = this.#isPressed ? RELIEVED_SHARE : PRESSED_SHARE;
    const hasMuch = memoryAccount.bufferedBytes >= this.#limits.maxBufferedBytes * share;
    this.#press(hasMuch || this.#isMemoryFull || this.#isHeapFull);
  }

  #press(isPressed: boolean): void {
    if (isPressed === this.#isPressed) return;
    this.#isPressed = isPressed;
    memoryAccount.tightCount += isPressed ? 1 : -1;
  }
}

function isFull(share: number, wasFull: boolean): boolean {
  return share >= (wasFull ? EASED_SHARE : FULL_SHARE);
}
