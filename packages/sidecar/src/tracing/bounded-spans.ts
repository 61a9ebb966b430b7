import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '@tulle/runtime';
import type { TracingMetrics } from '../control-metrics.ts';

export interface BoundedSpansOptions {
  readonly exporter: SpanExporter;
  readonly clock: Clock;
  readonly metrics: TracingMetrics;
  /** Spans that wait. Above: dropped and counted. */
  readonly maxWaiting: number;
  readonly maxBatch: number;
  /** How long the first of a batch waits for others. */
  readonly batchMs: number;
}

/**
 * Ended spans on their way to the collector, in batches, one at a time. The libraries' own batch processor says
 * nothing of what it drops.
 */
export class BoundedSpans implements SpanProcessor {
  readonly #options: BoundedSpansOptions;
  #waiting: ReadableSpan[] = [];
  #exporting: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(options: BoundedSpansOptions) {
    this.#options = options;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { maxWaiting, maxBatch, batchMs, clock, metrics } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      metrics.dropped.inc();
      return;
    }
    this.#waiting.push(span);
    if (this.#exporting !== null) return;
    if (this.#waiting.length >= maxBatch) this.#export();
    else this.#cancelTimer ??= clock.schedule(batchMs, () => this.#export());
  }

  /** Until what waits now has been exported, or given up. */
  async forceFlush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#exporting !== null) {
      if (this.#exporting === null) this.#export();
      await this.#exporting;
    }
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    await this.#options.exporter.shutdown();
  }

  #export(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#exporting !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, this.#options.maxBatch);
    this.#exporting = new Promise((resolve) => {
      this.#options.exporter.export(batch, (result) => {
        this.#exported(batch.length, result);
        resolve();
      });
    });
  }

  #exported(count: number, { code }: ExportResult): void {
    const { metrics, clock, batchMs, maxBatch } = this.#options;
    const counter = code === ExportResultCode.SUCCESS ? metrics.exported : metrics.failures;
    counter.inc(count);
    this.#exporting = null;
    // In a later turn: a failure may come at once, and the next one too.
    if (this.#waiting.length === 0) return;
    const delayMs = this.#waiting.length >= maxBatch ? 0 : batchMs;
    this.#cancelTimer ??= clock.schedule(delayMs, () => this.#export());
  }
}
