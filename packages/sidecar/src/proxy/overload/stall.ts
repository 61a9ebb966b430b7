/** What can be held back. */
interface Feeder {
  pause(): void;
  resume(): void;
}

/** One direction of an exchange that waits because whoever reads it is slower than whoever feeds it. */
export class Stall {
  /** -1: it moves. */
  sinceMs = -1;

  isSince(ms: number): boolean {
    return this.sinceMs >= 0 && this.sinceMs <= ms;
  }

  clear(): void {
    this.sinceMs = -1;
  }

  begin(feeder: Feeder | null, nowMs: number): void {
    if (this.sinceMs < 0) this.sinceMs = nowMs;
    feeder?.pause();
  }

  end(feeder: Feeder | null): void {
    this.sinceMs = -1;
    feeder?.resume();
  }
}
