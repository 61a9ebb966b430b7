/** A small generator with a seed (sfc32), so that a run can be repeated. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9;
    this.#c = Math.trunc(seed / 0x1_0000_0000) | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 bits. */
  next(): number {
    const t = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  /** From 0 on, below `n`; 0 where there is nothing below. */
  below(n: number): number {
    return n <= 1 ? 0 : this.next() % n;
  }

  /** Once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** Of a list that is not empty. */
  pick<T>(from: ArrayLike<T>): T {
    return from[this.below(from.length)]!;
  }
}

/** FNV-1a: the seed of what a target decides by its input alone. */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
