/** Short enough to lie within one slice of the scheduler. */
const ROUND = 200;

/** ns of one call. The best of the rounds: the machine is shared. */
export function measure(run: () => number, seconds: number): number {
  const until = performance.now() + seconds * 1000;
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() < until) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < ROUND; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / ROUND);
  }
  return best;
}
