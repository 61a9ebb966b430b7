import type { Transport, TransportError, TransportHandler } from '../../transport/transport.ts';
import { idleHandler, QUEUE_HIGH_BYTES } from '../../transport/transport.ts';
import { returnWriteBlock } from '../../transport/write-blocks.ts';

/** Reads do not begin at 0: nobody may count on it. */
const READ_AT = 7;

/** Read buffers that nobody reads to just now: there are many short-lived transports. */
const spare: Buffer[] = [];

/**
 * A Transport whose peer is the test: it delivers bytes as reads, sees what is written, and may stop taking
 * it. Keeps the contract of transport.ts strictly, and overwrites borrowed memory once the borrower is done.
 */
export class MemoryTransport implements Transport {
  handler: TransportHandler = idleHandler;
  readonly remoteAddress = '127.0.0.2';
  readonly remotePort = 40000;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 80;
  readonly fd = -1;
  readonly isTls = false;
  readonly isSessionReused = false;
  readonly alpnProtocol = null;
  readonly peerCertificate = null;
  /** Sees all that the subject wrote, in order, as it would reach the peer. */
  onWritten: (bytes: Buffer) => void = () => {};
  /** When the subject half-closes, aborts, or the connection broke. */
  onOver: () => void = () => {};
  isPaused = false;
  isEnded = false;
  isAborted = false;
  isClosed = false;
  writes = 0;
  /** The most bytes that one read delivers. */
  readBytes = 65536;
  #isTaking = true;
  #queued: Buffer[] = [];
  #queuedBytes = 0;
  #owesDrain = false;
  #waiting: Buffer[] = [];
  #hasPeerEnded = false;
  #hasToldEnd = false;
  #isReading = false;

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Nothing more is read and nothing more leaves. */
  get isOver(): boolean {
    return this.isEnded || this.isAborted || this.isClosed;
  }

  /** The peer sends. Bytes wait while the subject has paused. */
  deliver(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#read();
  }

  /** The peer half-closes. */
  deliverEnd(): void {
    this.#hasPeerEnded = true;
    this.#read();
  }

  /** The connection breaks. */
  fail(error: TransportError | null): void {
    this.#close(error);
  }

  /** The peer takes no bytes, or all of them again. */
  take(isTaking: boolean): void {
    this.#isTaking = isTaking;
    if (!isTaking) return;
    const queued = this.#queued.splice(0);
    this.#queuedBytes = 0;
    for (const bytes of queued) this.onWritten(bytes);
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    setImmediate(() => {
      if (!this.isAborted && !this.isClosed) this.handler.onDrain();
    });
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    if (start < 0 || start > end || end > buffer.length) throw new RangeError(`write of [${start},${end})`);
    if (this.isOver) return true;
    this.writes++;
    const bytes = Buffer.from(buffer.subarray(start, end));
    if (this.#isTaking) {
      this.onWritten(bytes);
      return true;
    }
    this.#queued.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes < QUEUE_HIGH_BYTES) return true;
    this.#owesDrain = true;
    return false;
  }

  writeBlock(block: Buffer, start: number, end: number): boolean {
    const mayGoOn = this.write(block, start, end);
    returnWriteBlock(block);
    return mayGoOn;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    setImmediate(() => this.#read());
  }

  end(): void {
    if (this.isOver) return;
    this.isEnded = true;
    this.onOver();
    if (this.#hasPeerEnded) setImmediate(() => this.#close(null));
  }

  abort(): void {
    if (this.isAborted || this.isClosed) return;
    this.isAborted = true;
    this.onOver();
    this.#queued = [];
    this.#queuedBytes = 0;
    setImmediate(() => this.#close(null));
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const buffer = spare.pop() ?? Buffer.alloc(READ_AT + 65536);
    while (this.#waiting.length > 0 && this.#mayRead()) {
      const bytes = this.#waiting.shift()!;
      const length = Math.min(bytes.length, this.readBytes);
      if (length < bytes.length) this.#waiting.unshift(bytes.subarray(length));
      bytes.copy(buffer, READ_AT, 0, length);
      this.handler.onData(buffer, READ_AT, READ_AT + length);
      buffer.fill(0xaa, 0, READ_AT + length);
    }
    spare.push(buffer);
    this.#isReading = false;
    if (this.#hasPeerEnded && !this.#hasToldEnd && this.#waiting.length === 0 && this.#mayRead()) {
      this.#hasToldEnd = true;
      this.handler.onEnd();
      if (this.isEnded) setImmediate(() => this.#close(null));
    }
  }

  #mayRead(): boolean {
    return !this.isPaused && !this.isAborted && !this.isClosed;
  }

  #close(error: TransportError | null): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onOver();
    this.handler.onClose(error);
  }
}
