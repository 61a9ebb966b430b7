/** ns of one call. The best of the rounds: the machine is shared. */
export function measure(run: () => number, seconds: number): number {
  const until = performance.now() + seconds * 1000;
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() < until) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 10_000; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 10_000);
  }
  return best;
}
