/**
 * What a connection has read and may not use yet: the beginning of a head, pipelined requests, what follows
 * a pause. Bounded by maxHeadBytes and by one read's worth, since reading stops while bytes wait.
 */
import { memoryAccount } from '../transport/memory-account.ts';
import { enterRead, leaveRead } from '../transport/outbox.ts';
import type { Transport } from '../transport/transport.ts';
import { HeadStash } from './head-stash.ts';

/** Reasons not to read from a connection, as bits; reading goes on when none is left. */
export const FOR_STREAM = 1;
/** Bytes wait their turn. */
export const FOR_TURN = 2;
export const FOR_FLUSH = 4;

export interface InputReader {
  /** Takes from [start,end) what has its turn now, and gives the offset after it. */
  read(buffer: Buffer, start: number, end: number): number;
}

export class BufferedInput {
  transport!: Transport;
  readonly #reader: InputReader;
  readonly #maxHeadBytes: number;
  readonly #stash = new HeadStash();
  #waiting: Buffer | null = null;
  #waitingAt = 0;
  #isReading = false;
  #isReadScheduled = false;
  #reasons = 0;

  constructor(reader: InputReader, maxHeadBytes: number) {
    this.#reader = reader;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** No beginning of a head is kept. */
  get isBetweenHeads(): boolean {
    return this.#stash.isEmpty;
  }

  /** Of a head that has not come whole. */
  get headBytes(): number {
    return this.#stash.length;
  }

  receive(buffer: Buffer, start: number, end: number): void {
    if (this.#waiting !== null) {
      this.#keep(buffer, start, end);
      return;
    }
    enterRead();
    try {
      if (this.#stash.isEmpty) this.#read(buffer, start, end);
      else {
        const joined = this.#stash.join(buffer, start, end, this.#maxHeadBytes);
        if (joined !== null) this.#read(joined, 0, joined.length);
      }
    } finally {
      this.#isReading = false;
      leaveRead();
    }
  }

  /** From within read(): [start,end) is the beginning of a head. */
  keepHead(buffer: Buffer, start: number, end: number): void {
    this.#stash.keep(buffer, start, end);
  }

  isPausedFor(why: number): boolean {
    return (this.#reasons & why) !== 0;
  }

  pause(why: number): void {
    if (this.#reasons === 0) this.transport.pause();
    this.#reasons |= why;
  }

  resume(why: number): void {
    if ((this.#reasons & why) === 0) return;
    this.#reasons &= ~why;
    if (this.#reasons === 0) this.transport.resume();
  }

  /** What waits has its turn: not from within the call that says so, since an event would come from inside of it. */
  readOnLater(): void {
    if (this.#waiting === null || this.#isReading || this.#isReadScheduled) return;
    this.#isReadScheduled = true;
    queueMicrotask(() => this.#readOn());
  }

  /** Forgets what is kept. */
  clear(): void {
    this.#wait(null);
    this.#stash.clear();
  }

  /** Forgets what is kept, and reads on whatever the reasons not to. */
  open(): void {
    this.clear();
    this.resume(this.#reasons);
  }

  #read(buffer: Buffer, start: number, end: number): void {
    this.#isReading = true;
    const at = this.#reader.read(buffer, start, end);
    if (at < end) this.#keep(buffer, at, end);
  }

  #readOn(): void {
    this.#isReadScheduled = false;
    const waiting = this.#waiting;
    if (waiting === null) return;
    enterRead();
    try {
      this.#isReading = true;
      const at = this.#reader.read(waiting, this.#waitingAt, waiting.length);
      this.#waitingAt = at;
      if (at < waiting.length) return;
      this.#wait(null);
      this.resume(FOR_TURN);
    } finally {
      this.#isReading = false;
      leaveRead();
    }
  }

  #keep(buffer: Buffer, start: number, end: number): void {
    const slice = buffer.subarray(start, end);
    const before = this.#waiting?.subarray(this.#waitingAt);
    this.#wait(before === undefined ? Buffer.from(slice) : Buffer.concat([before, slice]));
    this.#waitingAt = 0;
    this.pause(FOR_TURN);
  }

  #wait(bytes: Buffer | null): void {
    memoryAccount.bufferedBytes += (bytes?.length ?? 0) - (this.#waiting?.length ?? 0);
    this.#waiting = bytes;
  }
}
