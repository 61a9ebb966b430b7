/**
 * The time that a connection has to come about. What has arrived by then is looked at first: a process that
 * had no turn for long must not take its own sloth for the peer's.
 */
export class ConnectDeadline {
  readonly #timer: NodeJS.Timeout;
  #isCleared = false;

  constructor(ms: number, expire: () => void) {
    // Timers come before input in a turn of the loop, immediates after it.
    this.#timer = setTimeout(() => {
      setImmediate(() => {
        if (!this.#isCleared) expire();
      });
    }, ms);
  }

  clear(): void {
    this.#isCleared = true;
    clearTimeout(this.#timer);
  }
}
