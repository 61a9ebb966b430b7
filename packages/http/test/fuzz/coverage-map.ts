/** Which branches were taken, and about how often, by all inputs so far. */
export class CoverageMap {
  readonly #counters: Uint8Array;
  /** A bit for each class of counts that was seen. */
  readonly #seen: Uint8Array;
  /** Branches taken by any input. */
  branches = 0;

  constructor(counters: Uint8Array) {
    this.#counters = counters;
    this.#seen = new Uint8Array(counters.length);
  }

  clear(): void {
    this.#counters.fill(0);
  }

  /** Adds what the last input did; does it add anything? */
  absorb(): boolean {
    let isNew = false;
    const counters = this.#counters;
    const seen = this.#seen;
    for (let i = 0; i < counters.length; i++) {
      if (counters[i] === 0) continue;
      const bit = COUNT_CLASS[counters[i]!]!;
      if ((seen[i]! & bit) !== 0) continue;
      if (seen[i] === 0) this.branches++;
      seen[i]! |= bit;
      isNew = true;
    }
    return isNew;
  }

  /** What the last input did: branch and class of count, one number each. */
  marks(): number[] {
    const marks: number[] = [];
    this.#counters.forEach((count, branch) => {
      if (count > 0) marks.push(branch * 256 + COUNT_CLASS[count]!);
    });
    return marks;
  }
}

/** 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more: as AFL has it. */
const COUNT_CLASS = new Uint8Array(256).fill(128, 128);
[1, 2, 3, 4, 8, 16, 32, 128].forEach((from, index, all) => {
  COUNT_CLASS.fill(1 << index, from, all[index + 1] ?? 256);
});
