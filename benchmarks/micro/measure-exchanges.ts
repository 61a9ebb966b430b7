const collectGarbage = (globalThis as { gc?: () => void }).gc;

/**
 * Prints CPU ns and heap bytes of one of the `operationsEach` operations that `operate` does (heap bytes want
 * --expose-gc). CPU time, and the best of the rounds: the machine may have other work.
 */
export function measureExchanges(
  name: string,
  operate: () => void,
  { seconds, operationsEach = 1 }: { readonly seconds: number; readonly operationsEach?: number },
): void {
  const batch = Math.ceil(10_000 / operationsEach);
  for (let i = 0; i < 10 * batch; i++) operate();
  collectGarbage?.();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let i = 0; i < batch; i++) operate();
  const heapBytes = (process.memoryUsage().heapUsed - heapBefore) / (batch * operationsEach);
  let bestNs = Number.POSITIVE_INFINITY;
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs) {
    const before = process.cpuUsage();
    for (let i = 0; i < batch; i++) operate();
    const { user, system } = process.cpuUsage(before);
    bestNs = Math.min(bestNs, ((user + system) * 1e3) / (batch * operationsEach));
  }
  console.log(`${name.padEnd(46)}${bestNs.toFixed(0).padStart(7)} ns ${heapBytes.toFixed(0)} heap bytes`);
}
