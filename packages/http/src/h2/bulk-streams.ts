/**
 * Which streams of a connection move so much that others would wait behind them: those of which a message
 * announces so many bytes, or that move so many within a second. One that hardly moves is bulk no more.
 */
import type { H2Stream } from './h2-stream.ts';
import type { StreamTable } from './stream-table.ts';

const PERIOD_MS = 1_000;
/** Of what made it bulk; less in a period ends it. */
const STAYS_SHARE = 0.25;

export class BulkStreams {
  count = 0;
  readonly #bulkBytes: number;

  constructor(bulkBytes: number) {
    this.#bulkBytes = bulkBytes;
  }

  /** By content-length; -1 where there is none. */
  announced(stream: H2Stream, bytes: number): void {
    if (bytes >= this.#bulkBytes) this.#mark(stream);
  }

  /** Either way. The clock is read only where it matters. */
  moved(stream: H2Stream, bytes: number): void {
    stream.movedBytes += bytes;
    if (stream.movedBytes >= this.#bulkBytes && !stream.isBulk) this.#judge(stream);
  }

  forget(stream: H2Stream): void {
    if (!stream.isBulk) return;
    stream.isBulk = false;
    this.count--;
  }

  onSweep(nowMs: number, streams: StreamTable): void {
    if (this.count === 0) return;
    for (const stream of streams.all()) {
      if (!stream.isBulk || nowMs - stream.movedSinceMs < PERIOD_MS) continue;
      if (stream.movedBytes < this.#bulkBytes * STAYS_SHARE) this.forget(stream);
      stream.beginPeriod(nowMs);
    }
  }

  #judge(stream: H2Stream): void {
    const nowMs = stream.nowMs();
    if (nowMs - stream.movedSinceMs < PERIOD_MS) this.#mark(stream);
    else stream.beginPeriod(nowMs);
  }

  #mark(stream: H2Stream): void {
    if (stream.isBulk) return;
    stream.isBulk = true;
    this.count++;
    stream.beginPeriod(stream.nowMs());
  }
}
