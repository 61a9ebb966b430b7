import type { PooledConnection } from './pooled-connection.ts';

/**
 * The HTTP/2 connections to one endpoint that take new streams. They are filled in order, so that many requests
 * share one write; but one that carries bulk is left to it until that is over, so that nobody waits behind a
 * large body (ADR 0009). So many at most: beyond it bulk shares.
 */
export class SharedConnections {
  readonly #connections: PooledConnection[] = [];
  readonly #maxBulk: number;
  #bulkCount = 0;

  constructor(maxBulk: number) {
    this.#maxBulk = maxBulk;
  }

  /** Left to bulk, as of the last look. */
  get bulkCount(): number {
    return this.#bulkCount;
  }

  get all(): readonly PooledConnection[] {
    return this.#connections;
  }

  get hasRoomForBulk(): boolean {
    return this.#bulkCount < this.#maxBulk;
  }

  add(pooled: PooledConnection): void {
    this.#connections.push(pooled);
  }

  forget(pooled: PooledConnection): void {
    const at = this.#connections.indexOf(pooled);
    if (at < 0) return;
    this.#connections.splice(at, 1);
    if (pooled.isLeftToBulk) this.#bulkCount--;
    pooled.isLeftToBulk = false;
  }

  /** The first that has room and no bulk. */
  takeOrdinary(): PooledConnection | null {
    for (let i = 0; i < this.#connections.length; i++) {
      const pooled = this.#connections[i]!;
      if (!this.#isLeftToBulk(pooled) && pooled.connection.capacity > 0) return pooled;
    }
    return null;
  }

  /** The first on which nothing is under way: for a body that says that it is large. */
  takeUnused(): PooledConnection | null {
    this.onSweep();
    for (let i = 0; i < this.#connections.length; i++) {
      const { connection } = this.#connections[i]!;
      if (connection.activeStreams === 0 && connection.capacity > 0) return this.#connections[i]!;
    }
    return null;
  }

  /** Where neither is to be had: the one with the least bulk of those that have room. */
  takeLeastBulk(): PooledConnection | null {
    let least: PooledConnection | null = null;
    for (let i = 0; i < this.#connections.length; i++) {
      const pooled = this.#connections[i]!;
      if (pooled.connection.capacity === 0) continue;
      if (least === null || pooled.connection.bulkStreams < least.connection.bulkStreams) least = pooled;
    }
    return least;
  }

  /** Looks again which are left to bulk. */
  onSweep(): void {
    for (let i = 0; i < this.#connections.length; i++) this.#isLeftToBulk(this.#connections[i]!);
  }

  #isLeftToBulk(pooled: PooledConnection): boolean {
    const hasBulk = pooled.connection.bulkStreams > 0;
    if (hasBulk === pooled.isLeftToBulk) return hasBulk;
    if (hasBulk && !this.hasRoomForBulk) return false;
    pooled.isLeftToBulk = hasBulk;
    this.#bulkCount += hasBulk ? 1 : -1;
    return hasBulk;
  }
}
