/** The saved corpus, replayed; and a short run of each fuzzer from a fixed seed. `npm run fuzz` runs longer. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryCorpus } from './fuzz/corpus.ts';
import { CoverageMap } from './fuzz/coverage-map.ts';
import { CurrentInput } from './fuzz/current-input.ts';
import { type FuzzTarget, mustHold } from './fuzz/fuzz-target.ts';
import { Fuzzer } from './fuzz/fuzzer.ts';
import { withCounters } from './fuzz/instrument.ts';
import { byteMutator } from './fuzz/mutate-bytes.ts';
import { Random } from './fuzz/random.ts';
import { fuzzTargets } from './fuzz/targets/fuzz-targets.ts';

const MAIN = fileURLToPath(new URL('./fuzz/main.ts', import.meta.url));
const SECONDS_EACH = 3;
const names = Object.keys(fuzzTargets);

describe('the saved corpus', () => {
  it.each(names)('%s: nothing is wrong with any input', async (name) => {
    const target = await fuzzTargets[name]!();
    const inputs = [...target.seeds(), ...repositoryCorpus(name).map(({ bytes }) => bytes)];
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) await target.run(input);
  });
});

describe('a short run from a fixed seed', () => {
  let results: Record<string, { executions: number; branches: number; findings: { report: string }[] }>;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tulle-fuzz-'));
    const json = join(directory, 'results.json');
    await runMain(['--minutes', String(SECONDS_EACH / 60), '--seed', '1', '--fresh', '--json', json]);
    results = JSON.parse(await readFile(json, 'utf8')).results;
    await rm(directory, { recursive: true });
  }, 120_000);

  it.each(names)('%s: finds nothing, and takes branches', (name) => {
    const { executions, branches, findings } = results[name]!;
    expect(findings.map(({ report }) => report)).toEqual([]);
    expect(executions).toBeGreaterThan(500);
    expect(branches).toBeGreaterThan(30);
  });
});

describe('the fuzzer itself', () => {
  it('counts every branch, and leaves what the code does as it is', () => {
    const source = `
      const f = (n) => (n > 1 ? n && 'many' : n || 'none');
      function g(n) { if (n === 3) return f(n); else if (n) n++; for (const x of [1, 2]) n += x; switch (n) { case 3: return 'a'; default: } return n; }
      return [f(0), f(1), f(2), g(0), g(1), g(3)];`;
    const counters = new Uint8Array(1 << 14);
    Object.assign(globalThis, { __tulleFuzzCounters: counters });
    const numbers = { next: 0 };
    const text = withCounters('x.js', `function all() {${source}}`, numbers);
    expect(new Function(`${text}; return all();`)()).toEqual(new Function(source)());
    expect([...counters.slice(0, numbers.next)].filter((count) => count === 0)).toEqual([]);
    expect(numbers.next).toBeGreaterThan(12);
  });

  it('finds a planted fault, and makes its input small', async () => {
    const target: FuzzTarget = {
      name: 'planted',
      about: '',
      maxInputBytes: 64,
      mutators: [byteMutator(['ab', '\r\n'])],
      seeds: () => [],
      run: (input) => mustHold(!input.includes('ab\r\n'), 'no ab at the end of a line'),
    };
    const map = new CoverageMap(new Uint8Array(1));
    const fuzzer = new Fuzzer({ target, map, random: new Random(1), current: new CurrentInput(64) });
    await fuzzer.add(Buffer.from('xxxxxxxxxx'));
    await fuzzer.run(() => fuzzer.findings.length > 0 || fuzzer.executions > 100_000);
    expect(fuzzer.findings.map(({ input }) => input.toString())).toEqual(['ab\r\n']);
    expect(fuzzer.findings[0]!.report).toContain('no ab at the end of a line');
  });

  it('repeats itself from the same seed, and not from another', () => {
    const numbersOf = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.next()
        )(new Random(seed)),
      );
    expect(numbersOf(7)).toEqual(numbersOf(7));
    expect(numbersOf(7)).not.toEqual(numbersOf(8));
  });
});

/** Its exit code says whether it found something, which the results say too. */
function runMain(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      if (error === null || error.code === 1) resolve();
      else reject(new Error(`${stdout}${stderr}`, { cause: error }));
    });
  });
}
