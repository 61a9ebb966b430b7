/** The books of a load: every request that was sent is either answered or failed for a reason. */

/** Relative to the fault. */
export type Phase = 'before' | 'during' | 'after';

export interface AnsweredRequest {
  readonly application: string;
  /** From the moment for which it was scheduled, which is what its user waited. */
  readonly latencyMs: number;
  /** The number of a request that must not be processed twice; null for others. */
  readonly order: number | null;
}

export interface FailedRequest {
  /** Since the load began. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly reason: string;
}

/** What became of a load. */
export interface LoadOutcome {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly p99Ms: Readonly<Record<Phase, number>>;
  /** By the application that answered. */
  readonly byApplication: Readonly<Record<string, number>>;
  /** Of requests that must not be processed twice, those that were answered. */
  readonly answeredOrders: readonly number[];
  /** The first of them. */
  readonly failures: readonly FailedRequest[];
}

const keptFailures = 1_000;

export class Tally {
  phase: Phase = 'before';
  sent = 0;
  #answered = 0;
  #failed = 0;
  readonly #byReason = new Map<string, number>();
  readonly #byApplication = new Map<string, number>();
  readonly #latencies: Record<Phase, number[]> = { before: [], during: [], after: [] };
  readonly #answeredOrders: number[] = [];
  readonly #failures: FailedRequest[] = [];

  get open(): number {
    return this.sent - this.#answered - this.#failed;
  }

  /** In the phase in which it was sent. */
  answered(phase: Phase, { application, latencyMs, order }: AnsweredRequest): void {
    this.#answered++;
    this.#byApplication.set(application, (this.#byApplication.get(application) ?? 0) + 1);
    this.#latencies[phase].push(latencyMs);
    if (order !== null) this.#answeredOrders.push(order);
  }

  failed(request: FailedRequest): void {
    this.#failed++;
    this.#byReason.set(request.reason, (this.#byReason.get(request.reason) ?? 0) + 1);
    if (this.#failures.length < keptFailures) this.#failures.push(request);
  }

  outcome(): LoadOutcome {
    const { before, during, after } = this.#latencies;
    return {
      sent: this.sent,
      answered: this.#answered,
      failed: this.#failed,
      byReason: Object.fromEntries(this.#byReason),
      byApplication: Object.fromEntries(this.#byApplication),
      p99Ms: { before: p99(before), during: p99(during), after: p99(after) },
      answeredOrders: this.#answeredOrders,
      failures: this.#failures,
    };
  }
}

/** Nearest rank; 0 of nothing. */
function p99(latenciesMs: readonly number[]): number {
  const sorted = Float64Array.from(latenciesMs).sort();
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
}
