import type { Transport } from '@tulle/http';

/** Reasons not to read from a client, as bits; reading goes on when none is left. */
export const FOR_ROUTE = 1;
export const FOR_UPSTREAM = 2;
export const FOR_TURN = 4;
export const FOR_FLUSH = 8;

export class ReadPauses {
  readonly #transport: Transport;
  #reasons = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  pause(why: number): void {
    if (this.#reasons === 0) this.#transport.pause();
    this.#reasons |= why;
  }

  resume(why: number): void {
    if ((this.#reasons & why) === 0) return;
    this.#reasons &= ~why;
    if (this.#reasons === 0) this.#transport.resume();
  }

  clear(): void {
    this.resume(this.#reasons);
  }
}
