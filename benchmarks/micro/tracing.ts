/**
 * What tracing costs a request that is not sampled: the exchange of proxy-exchange.ts, with tracing off, with a new
 * trace that chance has decided against, and with a caller that has; and what one that is sampled costs. The ways
 * take turns, so that the machine's other work meets all alike. Prints CPU ns and the difference to tracing off,
 * also as a share of what a request costs a sidecar in all (README, `one-hop-h1`):
 * `node --expose-gc benchmarks/micro/tracing.ts [seconds]`.
 */
import { OtelSpanSource } from '../../packages/sidecar/src/tracing/otel-span-source.ts';
import { RequestTracer } from '../../packages/sidecar/src/tracing/request-tracer.ts';
import { exchangeWith } from './exchange-harness.ts';

const secondsEach = Number(process.argv[2] ?? 1);
/** CPU of one request on one hop, sockets and kernel included. */
const REQUEST_NS = 25_500;
const BATCH = 2_000;

const parent = (flags: string) =>
  `traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}\r\n`;

const discarding = {
  onStart() {},
  onEnd() {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

function tracerOf(isOn: boolean, share: number): RequestTracer {
  const tracer = new RequestTracer('outbound', share, Math.random);
  const workload = () => ({ name: 'web', namespace: 'shop', pod: 'web-0' });
  if (isOn) tracer.source = new OtelSpanSource({ processor: discarding, workload });
  return tracer;
}

const ways = [
  { name: 'off', run: exchangeWith({ tracer: tracerOf(false, 0) }), bestNs: Infinity },
  { name: 'on, new trace, not sampled', run: exchangeWith({ tracer: tracerOf(true, 0) }), bestNs: Infinity },
  {
    name: 'off, traceparent',
    run: exchangeWith({ tracer: tracerOf(false, 0), lines: parent('00') }),
    bestNs: Infinity,
  },
  {
    name: 'on, traceparent, not sampled',
    run: exchangeWith({ tracer: tracerOf(true, 1), lines: parent('00') }),
    bestNs: Infinity,
  },
  {
    name: 'on, traceparent, sampled',
    run: exchangeWith({ tracer: tracerOf(true, 0), lines: parent('01') }),
    bestNs: Infinity,
  },
];

for (const { run } of ways) for (let i = 0; i < 10 * BATCH; i++) run();
const endMs = performance.now() + secondsEach * 1_000 * ways.length;
while (performance.now() < endMs) {
  for (const way of ways) {
    const before = process.cpuUsage();
    for (let i = 0; i < BATCH; i++) way.run();
    const { user, system } = process.cpuUsage(before);
    way.bestNs = Math.min(way.bestNs, ((user + system) * 1e3) / BATCH);
  }
}
const [off, , offWithParent] = ways;
for (const { name, bestNs } of ways) {
  const base = name.includes('traceparent') ? offWithParent! : off!;
  const more = bestNs - base.bestNs;
  const share = ((100 * more) / REQUEST_NS).toFixed(2);
  console.log(
    `${name.padEnd(32)}${bestNs.toFixed(0).padStart(7)} ns ${more.toFixed(0).padStart(6)} ns more, ${share} % of a request`,
  );
}
