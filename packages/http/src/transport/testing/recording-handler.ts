import type { Transport, TransportError, TransportHandler } from '../transport.ts';

/** Records what a transport reports, and lets a test wait for it. */
export class RecordingHandler implements TransportHandler {
  readonly events: string[] = [];
  bytes = 0;
  ended = false;
  closed = false;
  drains = 0;
  error: TransportError | null = null;
  /** Fails the test where a handler is called from within a transport call. */
  inCall = false;
  #chunks: Buffer[] = [];
  #waiters: (() => void)[] = [];
  onBytes: ((buffer: Buffer, start: number, end: number) => void) | null = null;
  onEnded: (() => void) | null = null;
  onDrained: (() => void) | null = null;
  onClosed: (() => void) | null = null;
  keeps = true;

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  get data(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  onData(buffer: Buffer, start: number, end: number): void {
    this.#note('data');
    this.bytes += end - start;
    if (this.keeps) this.#chunks.push(Buffer.from(buffer.subarray(start, end)));
    this.onBytes?.(buffer, start, end);
    this.#wake();
  }

  onDrain(): void {
    this.#note('drain');
    this.drains++;
    this.onDrained?.();
    this.#wake();
  }

  onEnd(): void {
    this.#note('end');
    this.ended = true;
    this.onEnded?.();
    this.#wake();
  }

  onClose(error: TransportError | null): void {
    this.#note('close');
    this.closed = true;
    this.error = error;
    this.onClosed?.();
    this.#wake();
  }

  /** Runs a transport call in which no handler method may be called. */
  during<T>(call: () => T): T {
    this.inCall = true;
    try {
      return call();
    } finally {
      this.inCall = false;
    }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #note(event: string): void {
    if (this.inCall) throw new Error(`${event} was reported from inside a transport call`);
    if (this.closed) throw new Error(`${event} was reported after close`);
    this.events.push(event);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

export function writeText(transport: Transport, text: string): boolean {
  const bytes = Buffer.from(text, 'latin1');
  return transport.write(bytes, 0, bytes.length);
}
