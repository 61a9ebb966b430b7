/** A sidecar under more than it can hold, in a process of its own: it stays alive, says no, serves others, and recovers. */
import type { AppProtocol } from '@tulle/model';
import {
  canMeasureMemory,
  eventually,
  forgetPeak,
  metricSum,
  peakResidentBytes,
  type RunningProcess,
  residentBytes,
  startProcess,
} from '@tulle/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup } from './cleanup.ts';
import { startHttp2 } from './http2-peers.ts';
import { askFresh, HealthyClient, Hog, openSockets } from './overload-peers.ts';
import type { OverloadProcess } from './overload-process.ts';
import { host, startApplication } from './proxy-pair.ts';

const MEGABYTE = 2 ** 20;
const maxBufferedBytes = 16 * MEGABYTE;
/** Above idle: what may wait, what was on its way when it was noticed (a read for each request), garbage. */
const mostBytes = 128 * MEGABYTE;
const LARGE = Buffer.alloc(512 * 1024, 120);
const cleanup = new Cleanup();

afterEach(() => cleanup.run());

interface Subject {
  readonly process: RunningProcess;
  readonly port: number;
  readonly idleBytes: number;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

async function start(options: Partial<OverloadProcess>, appPort: number, protocol: AppProtocol = 'http') {
  const settings: OverloadProcess = {
    backend: 'handle',
    services: {
      'plain.shop': { port: appPort, protocol },
      'healthy.shop': { port: await startSmall(), protocol: 'http' },
    },
    ...options,
    limits: { maxBufferedBytes, ...options.limits },
    timeouts: { stalledMs: 1_000, queueMs: 1_000, ...options.timeouts },
  };
  const running = await startProcess({
    name: 'sidecar',
    entry: new URL('./overload-process.ts', import.meta.url),
    args: [JSON.stringify(settings)],
  });
  cleanup.add(() => running.stop(0));
  const { port, metricsPort } = await running.waitForLog('listening');
  const subject: Subject = {
    process: running,
    port: port as number,
    idleBytes: await residentBytes(running.pid),
    metric: async (name, labels = {}) => {
      const answer = await fetch(`http://${host}:${metricsPort}/metrics`);
      return metricSum(await answer.text(), name, labels);
    },
  };
  await forgetPeak(running.pid);
  return subject;
}

const startSmall = () => startApplication(cleanup, (_, response) => response.end('small'));

function largeApplication(protocol: AppProtocol): Promise<number> {
  if (protocol !== 'h2c') return startApplication(cleanup, (_, response) => response.end(LARGE));
  return startHttp2(cleanup, (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    stream.end(LARGE);
  });
}

async function untilPressure(subject: Subject, value: 0 | 1, before = () => {}): Promise<void> {
  await eventually(
    async () => {
      before();
      expect(await subject.metric('tulle_overload_pressure')).toBe(value);
    },
    { timeoutMs: 20_000, intervalMs: 50 },
  );
}

/** All of it, and in time. */
async function expectServed(healthy: HealthyClient, { process }: Subject): Promise<void> {
  expect(process.exit, 'it lives').toBeNull();
  expect(await healthy.end(), 'the share that was served').toBe(1);
  expect(healthy.slowestMs, 'ms').toBeLessThan(10_000);
}

async function expectRecovered(subject: Subject, healthy: HealthyClient): Promise<void> {
  await eventually(
    async () => {
      expect(await subject.metric('tulle_overload_pressure')).toBe(0);
      expect(await subject.metric('tulle_buffered_bytes')).toBeLessThan(MEGABYTE);
      expect(await subject.metric('tulle_requests_under_way')).toBe(0);
    },
    { timeoutMs: 15_000, intervalMs: 100 },
  );
  for (let i = 0; i < 10; i++) expect(await healthy.ask()).toMatchObject({ status: 200 });
}

async function expectBounded({ process, idleBytes }: Subject, what: string): Promise<void> {
  expect(process.exit, 'it lives').toBeNull();
  const peakBytes = (await peakResidentBytes(process.pid)) - idleBytes;
  console.info(`${what}: ${(peakBytes / MEGABYTE).toFixed(0)} MB above idle at most`);
  expect(peakBytes, 'bytes above idle').toBeLessThan(mostBytes);
}

describe.skipIf(!canMeasureMemory)('a sidecar that is asked for more than it can hold', () => {
  it.each([
    ['handle', 'http', 5],
    ['handle', 'h2c', 2],
    ['socket', 'http', 5],
  ] as const)(
    '%s transports, application of %s: who does not read gets no more, others all that they ask for',
    async (backend, protocol, atATime) => {
      const timeouts = { stalledMs: 10_000 };
      const subject = await start({ backend, timeouts }, await largeApplication(protocol), protocol);
      const healthy = new HealthyClient(subject.port, cleanup);
      await healthy.begin();
      const hog = new Hog(subject.port, cleanup);
      await untilPressure(subject, 1, () => hog.ask(atATime));
      hog.ask(1_000);
      await eventually(() => expect(hog.seen.shed).toBeGreaterThanOrEqual(1_000), { timeoutMs: 15_000 });
      expect(hog.seen.otherwise).toBe(0);
      await expectServed(healthy, subject);
      await expectBounded(subject, `some that do not read, ${backend}, ${protocol}`);
      hog.close();
      await expectRecovered(subject, healthy);
    },
    60_000,
  );

  it('1,000 at once that do not read: they are cut, and all is well, though they stay', async () => {
    const subject = await start({}, await largeApplication('http'));
    const healthy = new HealthyClient(subject.port, cleanup);
    await healthy.begin();
    const hog = new Hog(subject.port, cleanup);
    hog.ask(1_000);
    await untilPressure(subject, 1);
    await eventually(
      () => {
        const { served, shed, otherwise } = hog.seen;
        expect(served + shed + otherwise).toBe(1_000);
      },
      { timeoutMs: 20_000 },
    );
    await untilPressure(subject, 0);
    await healthy.end();
    console.info(JSON.stringify({ ...hog.seen, healthy: healthy.answers.length }));
    for (const { status, reason, retryAfter } of healthy.answers) {
      expect(status === 200 || (reason === 'overloaded' && retryAfter === '1')).toBe(true);
    }
    expect(hog.seen.cut).toBeGreaterThan(100);
    await expectBounded(subject, 'many that do not read');
    for (let i = 0; i < 10; i++) expect(await healthy.ask()).toMatchObject({ status: 200 });
    hog.close();
    await expectRecovered(subject, healthy);
  }, 60_000);

  it('2,000 heads that do not end', async () => {
    const subject = await start({}, await startSmall());
    const healthy = new HealthyClient(subject.port, cleanup);
    await healthy.begin();
    const head = `GET / HTTP/1.1\r\nhost: plain.shop\r\nx-long: ${'a'.repeat(40_000)}`;
    const slow = openSockets(subject.port, cleanup, { count: 2_000, text: head });
    await eventually(() => expect(slow.seen.refused).toBeGreaterThan(500), { timeoutMs: 20_000 });
    await expectServed(healthy, subject);
    await expectBounded(subject, 'heads that do not end');
    slow.close();
    await expectRecovered(subject, healthy);
  }, 60_000);

  it('2,000 bodies that do not end: their endpoint is full, and says so; others are served', async () => {
    const subject = await start({}, await startSmallAtEnd());
    const healthy = new HealthyClient(subject.port, cleanup);
    await healthy.begin();
    const text = 'POST / HTTP/1.1\r\nhost: plain.shop\r\ncontent-length: 1000000\r\n\r\nabc';
    const slow = openSockets(subject.port, cleanup, { count: 2_000, text });
    await eventually(() => expect(slow.seen.refused).toBeGreaterThanOrEqual(500), { timeoutMs: 20_000 });
    await expectServed(healthy, subject);
    await expectBounded(subject, 'bodies that do not end');
    slow.close();
    await expectRecovered(subject, healthy);
  }, 60_000);

  it('3,000 connections where 500 may be: those that stand are served, the others closed and counted', async () => {
    const subject = await start({ limits: { maxConnections: 500 } }, await startSmall());
    const healthy = new HealthyClient(subject.port, cleanup);
    await healthy.begin();
    const flood = openSockets(subject.port, cleanup, { count: 3_000, text: '' });
    await eventually(() => expect(flood.seen.closed).toBe(3_000 - 499), { timeoutMs: 20_000 });
    await expectServed(healthy, subject);
    const refused = { direction: 'outbound', reason: 'connection_limit' };
    expect(await subject.metric('tulle_connections_refused_total', refused)).toBe(2_501);
    await expectBounded(subject, 'connections');
    flood.close();
    await eventually(async () =>
      expect(await askFresh(subject.port, cleanup)).toMatchObject({ status: 200 }),
    );
  }, 60_000);

  it('more requests at once than may be: 503 with retry-after, and all is well once some have ended', async () => {
    const waiting: (() => void)[] = [];
    const appPort = await startApplication(cleanup, (_, response) =>
      waiting.push(() => response.end('late')),
    );
    const subject = await start({ limits: { maxRequests: 100 } }, appPort);
    const asked = Array.from({ length: 150 }, () => askFresh(subject.port, cleanup, 'plain.shop'));
    await eventually(async () => {
      expect(waiting.length).toBe(100);
      expect(await subject.metric('tulle_overload_shed_total', { reason: 'requests' })).toBe(50);
    });
    expect(await subject.metric('tulle_requests_total', { code: '503', flag: 'UO' })).toBe(50);
    for (const end of waiting) end();
    const answers = await Promise.all(asked);
    const shed = answers.filter(({ status }) => status === 503);
    expect(shed).toEqual(new Array(50).fill({ status: 503, reason: 'overloaded', retryAfter: '1' }));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(100);
    expect(await askFresh(subject.port, cleanup)).toMatchObject({ status: 200 });
  }, 30_000);

  it('memory beyond its limit: a few are served at a time, the others get 503, new connections are closed', async () => {
    const waiting: (() => void)[] = [];
    const appPort = await startApplication(cleanup, (_, response) =>
      waiting.push(() => response.end('late')),
    );
    const subject = await start({ limits: { memoryLimitBytes: MEGABYTE } }, appPort);
    await eventually(async () =>
      expect(await subject.metric('tulle_overload_state', { reason: 'memory' })).toBe(1),
    );
    const asked = Array.from({ length: 40 }, () => askFresh(subject.port, cleanup, 'plain.shop'));
    await eventually(() => expect(waiting.length).toBe(16));
    const flood = openSockets(subject.port, cleanup, { count: 100, text: '' });
    await eventually(() => expect(flood.seen.closed).toBe(100 - (64 - 40)));
    for (const end of waiting) end();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(16);
    expect(statuses.filter((status) => status === 503)).toHaveLength(24);
  }, 30_000);
});

/** Answers when the request has come whole. */
function startSmallAtEnd(): Promise<number> {
  return startApplication(cleanup, (request, response) => {
    request.resume().on('end', () => response.end('small'));
  });
}
