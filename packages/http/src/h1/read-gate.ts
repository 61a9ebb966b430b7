import type { Transport } from '../transport/transport.ts';

/** Reasons not to read from a connection, as bits; reading goes on when none is left. */
export const FOR_STREAM = 1;
/** Bytes wait their turn. */
export const FOR_TURN = 2;
export const FOR_FLUSH = 4;

/**
 * What may be read now: pauses with their reasons, and the bytes that were read before their turn (pipelined
 * requests, what follows a pause). At most one read's worth, since reading stops.
 */
export class ReadGate {
  transport!: Transport;
  waiting: Buffer | null = null;
  waitingAt = 0;
  #reasons = 0;
  #taken: Buffer | null = null;

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

  /** What waits, from waitingAt on, to be read now; keep() what remains of it. */
  take(): Buffer | null {
    this.#taken = this.waiting;
    this.waiting = null;
    return this.#taken;
  }

  /** After take(): what remains has been kept. */
  taken(): void {
    this.#taken = null;
    if (this.waiting === null) this.resume(FOR_TURN);
  }

  /** Copies [start,end) out of the read buffer, after what waits already. */
  keep(buffer: Buffer, start: number, end: number): void {
    if (buffer === this.#taken) {
      this.waiting = buffer;
      this.waitingAt = start;
      return;
    }
    const slice = buffer.subarray(start, end);
    const before = this.waiting?.subarray(this.waitingAt);
    this.waiting = before === undefined ? Buffer.from(slice) : Buffer.concat([before, slice]);
    this.waitingAt = 0;
    this.pause(FOR_TURN);
  }

  /** Forgets what waits, and reads on. */
  open(): void {
    this.waiting = null;
    this.resume(this.#reasons);
  }
}
