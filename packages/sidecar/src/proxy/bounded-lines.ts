import { write } from 'node:fs';

/** Writes the bytes and says how many it took, or why it could not. */
export type WriteBytes = (bytes: Buffer, done: (error: Error | null, written: number) => void) => void;

export interface BoundedLinesOptions {
  /** Lines that wait while one write is under way. Above: dropped. */
  readonly maxWaitingBytes: number;
  readonly write: WriteBytes;
  onDropped(): void;
  /** Runs a task later: for a descriptor that would block. */
  schedule(delayMs: number, task: () => void): void;
}

const RETRY_MS = 20;

/**
 * Lines for a reader that may be slow: one write at a time, whole lines together, and beyond a bound they are
 * dropped. process.stdout would queue without bound, or hold up the process, by what it is connected to.
 */
export class BoundedLines {
  readonly #options: BoundedLinesOptions;
  #waiting = '';
  #isWriting = false;
  #flushed: (() => void)[] = [];

  constructor(options: BoundedLinesOptions) {
    this.#options = options;
  }

  readonly write = (line: string): void => {
    const { maxWaitingBytes, onDropped } = this.#options;
    if (this.#waiting.length + line.length > maxWaitingBytes) {
      onDropped();
      return;
    }
    this.#waiting += line;
    if (!this.#isWriting) this.#begin();
  };

  /** Until all is written or given up. */
  flush(): Promise<void> {
    if (!this.#isWriting) return Promise.resolve();
    return new Promise((resolve) => this.#flushed.push(resolve));
  }

  #begin(): void {
    this.#isWriting = true;
    // In a later turn, so that the lines of one turn leave together.
    setImmediate(() => {
      const bytes = Buffer.from(this.#waiting);
      this.#waiting = '';
      this.#put(bytes);
    });
  }

  #put(bytes: Buffer): void {
    const { write: writeBytes, schedule } = this.#options;
    writeBytes(bytes, (error, written) => {
      if (isBusy(error)) schedule(RETRY_MS, () => this.#put(bytes));
      else if (error === null && written < bytes.length) this.#put(bytes.subarray(written));
      else if (this.#waiting !== '') this.#begin();
      else this.#end();
    });
  }

  #end(): void {
    this.#isWriting = false;
    const flushed = this.#flushed;
    this.#flushed = [];
    for (const done of flushed) done();
  }
}

/** The pipe is full and was set not to block. */
function isBusy(error: Error | null): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}

const STDOUT = 1;

export const writeStdout: WriteBytes = (bytes, done) => {
  write(STDOUT, bytes, 0, bytes.length, null, (error, written) => done(error, written));
};
