import type { CoverageMap } from './coverage-map.ts';
import type { CurrentInput } from './current-input.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { minimise } from './minimise.ts';
import type { Random } from './random.ts';

export interface Finding {
  readonly input: Buffer;
  /** What did not hold, and where. */
  readonly report: string;
}

interface Entry {
  readonly input: Buffer;
  readonly marks: readonly number[];
}

/** One target's loop: mutate, run, keep what takes a branch anew, note what does not hold. */
export class Fuzzer {
  executions = 0;
  readonly findings: Finding[] = [];
  onNewInput: (input: Buffer) => void = () => {};
  readonly #target: FuzzTarget;
  readonly #map: CoverageMap;
  readonly #random: Random;
  readonly #current: CurrentInput;
  readonly #corpus: Entry[] = [];
  readonly #known = new Set<string>();
  #uncaught: unknown = null;

  constructor(parts: { target: FuzzTarget; map: CoverageMap; random: Random; current: CurrentInput }) {
    this.#target = parts.target;
    this.#map = parts.map;
    this.#random = parts.random;
    this.#current = parts.current;
  }

  get corpusSize(): number {
    return this.#corpus.length;
  }

  /** Runs a saved input, and keeps it where it adds something. */
  async add(input: Buffer): Promise<void> {
    if (input.length <= this.#target.maxInputBytes && (await this.#execute(input))) this.#keep(input);
  }

  /** Mutates until `isOver`, which is asked between inputs. */
  async run(isOver: () => boolean): Promise<void> {
    if (this.#corpus.length === 0) this.#keep(Buffer.alloc(0));
    while (!isOver()) {
      const parent = this.#pick();
      const mutate = this.#random.pick(this.#target.mutators);
      const mutated = mutate(parent.input, this.#pick().input, this.#random);
      const input = mutated.subarray(0, this.#target.maxInputBytes);
      if (await this.#execute(input)) {
        this.#keep(Buffer.from(input));
        this.onNewInput(input);
      }
    }
  }

  /** What was thrown in a turn of its own, where the run could not catch it. */
  onUncaught(thrown: unknown): void {
    this.#uncaught ??= thrown;
  }

  /** A small set that takes the branches that the corpus takes: each time the input that adds the most. */
  distilled(maxInputs: number): Buffer[] {
    const taken = new Set<number>();
    const chosen: Buffer[] = [];
    const shortestFirst = this.#corpus.toSorted((a, b) => a.input.length - b.input.length);
    while (chosen.length < maxInputs) {
      let best: Entry | null = null;
      let most = 0;
      for (const entry of shortestFirst) {
        const adds = entry.marks.reduce((sum, mark) => sum + (taken.has(mark) ? 0 : 1), 0);
        if (adds <= most) continue;
        most = adds;
        best = entry;
      }
      if (best === null) break;
      for (const mark of best.marks) taken.add(mark);
      chosen.push(best.input);
    }
    return chosen;
  }

  #pick(): Entry {
    const size = this.#corpus.length;
    // What was found last is looked at more: it leads on.
    const from = this.#random.oneIn(2) ? Math.floor((size * 3) / 4) : 0;
    return this.#corpus[from + this.#random.below(size - from)]!;
  }

  #keep(input: Buffer): void {
    this.#corpus.push({ input, marks: this.#map.marks() });
  }

  /** Did it take a branch anew? */
  async #execute(input: Buffer): Promise<boolean> {
    this.executions++;
    this.#current.set(input);
    this.#map.clear();
    try {
      const running = this.#runTarget(input);
      if (running !== undefined) await running;
    } catch (thrown) {
      await this.#note(input, thrown);
      return false;
    }
    return this.#map.absorb();
  }

  /** No promise where the target needs none. */
  #runTarget(input: Buffer): Promise<void> | undefined {
    this.#uncaught = null;
    const running = this.#target.run(input);
    return running?.then(() => {
      if (this.#uncaught !== null) throw this.#uncaught;
    });
  }

  async #note(input: Buffer, thrown: unknown): Promise<void> {
    const place = placeOf(thrown);
    if (this.#known.has(place)) return;
    this.#known.add(place);
    const shortest = await minimise(Buffer.from(input), async (candidate) => {
      this.#current.set(candidate);
      try {
        await this.#runTarget(candidate);
        return false;
      } catch (other) {
        return placeOf(other) === place;
      }
    });
    this.findings.push({ input: shortest, report: describe(thrown) });
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** Tells one fault from another: the claim without its figures, and the line of code. */
function placeOf(thrown: unknown): string {
  const lines = describe(thrown).split('\n');
  const frame =
    lines.find((line) => /^\s+at .*\/packages\/http\/src\//.test(line)) ??
    lines.find((line) => /^\s+at /.test(line)) ??
    '';
  const [kind = '', claim = ''] = (lines[0] ?? '').split(':');
  return `${kind}:${claim.replaceAll(/\d+|"[^"]*"/g, '#')}${frame}`;
}
