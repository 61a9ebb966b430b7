/** What a sidecar's metrics cost, ns per operation: `node benchmarks/micro/metrics.ts [seconds]`. */
import { MetricsRegistry } from '@tulle/runtime';

const secondsEach = Number(process.argv[2] ?? 1);
const registry = new MetricsRegistry();
const requests = registry.counter('requests_total', 'Requests.', ['destination', 'code']);
const durations = registry.histogram(
  'duration_seconds',
  'Durations.',
  [0.0005, 0.001, 0.005, 0.01, 0.1, 1, 10],
  ['destination'],
);
const held = {
  count: requests.with('bookshop/catalog:80', '200'),
  duration: durations.with('bookshop/catalog:80'),
};

measure('count with a held series', () => held.count.inc());
const { table } = requests;
const at = table.acquire(['bookshop/orders:80', '200']);
measure('count by offset, as an edge', () => table.values[at]!++);
measure('observe with a held series', () => held.duration.observe(0.002));
measure('count with a look-up', () => requests.with('bookshop/catalog:80', '200').inc());

function measure(name: string, operate: () => void): void {
  const batch = 10_000;
  for (let i = 0; i < batch; i++) operate();
  let operations = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < secondsEach * 1_000) {
    for (let i = 0; i < batch; i++) operate();
    operations += batch;
  }
  console.log(`${name.padEnd(30)} ${(((performance.now() - startMs) * 1e6) / operations).toFixed(1)} ns`);
}
