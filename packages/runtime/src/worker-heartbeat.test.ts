import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { createLogger, type LogFields } from './logger.ts';
import { WorkerGroup } from './worker-group.ts';

const program = fileURLToPath(new URL('./testing/accepting-worker.ts', import.meta.url));
const intervalMs = 1_000;
const maxUnanswered = 3;

const groups: WorkerGroup[] = [];
const sockets: Socket[] = [];
const lines: LogFields[] = [];

afterEach(async () => {
  const stopping = groups.splice(0).map((group) => group.stop(0));
  // SIGKILL is the clock's to send.
  clock.advance(0);
  await Promise.all(stopping);
  for (const socket of sockets.splice(0)) socket.destroy();
  lines.length = 0;
});

/** Testkit's stands on this package. */
class ManualClock implements Clock {
  #elapsedMs = 0;
  readonly #tasks = new Set<{ dueMs: number; run: () => void }>();

  nowMs(): number {
    return this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const task = { dueMs: this.#elapsedMs + delayMs, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  advance(byMs: number): void {
    this.#elapsedMs += byMs;
    for (const task of [...this.#tasks].filter(({ dueMs }) => dueMs <= this.#elapsedMs)) {
      if (this.#tasks.delete(task)) task.run();
    }
  }
}

let clock = new ManualClock();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function startGroup(): Promise<{ group: WorkerGroup; port: number }> {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  free.close();
  await once(free, 'close');
  clock = new ManualClock();
  const group = new WorkerGroup({
    name: 'proxy',
    program,
    args: [String(port)],
    env: { PATH: process.env.PATH },
    count: 2,
    readyTimeoutMs: 60_000,
    heartbeat: { intervalMs, maxUnanswered },
    backoff: { baseMs: 20, maxMs: 20 },
    stableMs: 10_000,
    clock,
    random: () => 0.5,
    logger: createLogger({ level: 'info', write: (line) => lines.push(JSON.parse(line) as LogFields) }),
  });
  groups.push(group);
  await group.start();
  return { group, port };
}

/** Says a word to the worker of this index and waits until it has heard it; which connections it gets is the kernel's choice. */
async function tell(port: number, index: number, word: string): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' });
    sockets.push(socket);
    socket.on('error', () => {});
    const [greeting] = (await once(socket, 'data')) as [Buffer];
    if (Number(greeting.toString().split(' ')[1]) === index) {
      const heard = once(socket, 'data');
      socket.write(word);
      await heard;
      return;
    }
    socket.destroy();
  }
}

describe('the heartbeat of workers', () => {
  it('kills one that hangs, and only it, and has another in its place', async () => {
    const { group, port } = await startGroup();
    const [hanging, healthy] = group.pids;
    await tell(port, 0, 'hang');
    for (let tick = 1; tick <= maxUnanswered; tick++) {
      clock.advance(intervalMs);
      await until(() => group.unanswered[1] === 0);
      expect(group.unanswered[0]).toBe(tick);
      expect(group.pids).toEqual([hanging, healthy]);
    }
    clock.advance(intervalMs);
    await until(() => group.pids.length === 1);
    clock.advance(20);
    await until(() => group.readyCount === 2);
    expect(group.restarts).toBe(1);
    expect(group.pids[1]).toBe(healthy);
    expect(group.pids[0]).not.toBe(hanging);
    expect(lines.find(({ msg }) => msg === 'worker hangs; killed')).toMatchObject({
      worker: 0,
      pid: hanging,
    });
    expect(lines.find(({ msg }) => msg === 'worker died')).toMatchObject({ pid: hanging, signal: 'SIGKILL' });
    clock.advance(intervalMs);
    await until(() => group.unanswered.every((count) => count === 0));
  });

  it('leaves one alone that was held up and answers again', async () => {
    const { group, port } = await startGroup();
    const { pids } = group;
    await tell(port, 0, 'nap');
    for (let tick = 0; tick < maxUnanswered; tick++) clock.advance(intervalMs);
    await until(() => group.unanswered.every((count) => count === 0));
    clock.advance(intervalMs);
    await until(() => group.unanswered.every((count) => count === 0));
    expect(group.pids).toEqual(pids);
    expect(group.restarts).toBe(0);
  });

  it('asks no more once the group stops', async () => {
    const { group, port } = await startGroup();
    await tell(port, 0, 'hang');
    const stopped = group.stop(60_000);
    for (let tick = 0; tick < maxUnanswered * 2; tick++) clock.advance(intervalMs);
    expect(group.unanswered[0]).toBe(0);
    clock.advance(60_000);
    await stopped;
    expect(lines.find(({ msg }) => msg === 'worker hangs; killed')).toBeUndefined();
  });
});
