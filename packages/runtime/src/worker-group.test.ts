import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { createLogger, type LogFields } from './logger.ts';
import { WorkerGroup, type WorkerGroupOptions } from './worker-group.ts';

const program = fileURLToPath(new URL('./testing/accepting-worker.ts', import.meta.url));
const groupProgram = fileURLToPath(new URL('./testing/group-of-workers.ts', import.meta.url));

const groups: WorkerGroup[] = [];
const sockets: Socket[] = [];
const lines: LogFields[] = [];
const logger = createLogger({ level: 'info', write: (line) => lines.push(JSON.parse(line) as LogFields) });

afterEach(async () => {
  for (const group of groups.splice(0)) await group.stop(0);
  for (const socket of sockets.splice(0)) socket.destroy();
  lines.length = 0;
});

interface Greeted {
  readonly socket: Socket;
  readonly pid: number;
  readonly index: number;
}

/** Null where nobody took the connection, or it broke. */
function dial(port: number): Promise<Greeted | null> {
  const { promise, resolve } = Promise.withResolvers<Greeted | null>();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket.once('data', (data) => {
    const [pid, index] = data.toString().trim().split(' ').map(Number);
    resolve({ socket, pid: pid!, index: index! });
  });
  socket.on('error', () => resolve(null));
  // Half-open sockets do not close by themselves where a worker is killed between accepting and greeting.
  socket.once('end', () => resolve(null));
  socket.once('close', () => resolve(null));
  return promise;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A port that nobody uses, for all workers of a group. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function groupOf(
  count: number,
  port: number,
  overrides: Partial<WorkerGroupOptions> & { habit?: string } = {},
) {
  const { habit = '', ...options } = overrides;
  const group = new WorkerGroup({
    name: 'proxy',
    program,
    args: [String(port), habit],
    env: { PATH: process.env.PATH },
    count,
    readyTimeoutMs: 8_000,
    heartbeat: { intervalMs: 60_000, maxUnanswered: 2 },
    backoff: { baseMs: 20, maxMs: 100 },
    stableMs: 10_000,
    clock: systemClock,
    random: () => 0.5,
    logger,
    ...options,
  });
  groups.push(group);
  return group;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('WorkerGroup', () => {
  it('starts when every worker is ready, and connections are spread over all of them', async () => {
    const port = await freePort();
    const group = groupOf(3, port);
    await group.start();
    expect(group.readyCount).toBe(3);
    const greeted = await Promise.all(Array.from({ length: 96 }, () => dial(port)));
    expect(new Set(greeted.map((one) => one?.pid))).toEqual(new Set(group.pids));
    expect(new Set(greeted.map((one) => one?.index))).toEqual(new Set([0, 1, 2]));
  });

  it('serves on while a worker that was killed under load comes back in its place', async () => {
    const port = await freePort();
    const group = groupOf(2, port);
    await group.start();
    const [victim, survivor] = group.pids as [number, number];
    const kept = await connectionTo(port, survivor);
    let isLoaded = true;
    const served = new Set<number>();
    const load = async () => {
      while (isLoaded) {
        const greeted = await dial(port);
        if (greeted !== null) served.add(greeted.pid);
        greeted?.socket.destroy();
      }
    };
    const loads = [load(), load()];
    await until(() => served.size === 2);
    process.kill(victim, 'SIGKILL');
    await until(() => !isAlive(victim));
    served.clear();
    await until(() => served.has(survivor));
    await until(() => group.readyCount === 2);
    expect(group.restarts).toBe(1);
    const successor = group.pids.find((pid) => pid !== survivor)!;
    await until(() => served.has(successor));
    isLoaded = false;
    await Promise.all(loads);
    const echoed = once(kept.socket, 'data');
    kept.socket.write('still there');
    expect(String((await echoed)[0])).toBe('still there');
    const indexOf = (pid: number) => lines.find((line) => line.pid === pid)?.worker;
    expect(indexOf(successor)).toBe(indexOf(victim));
    expect(lines.find(({ msg }) => msg === 'worker died')).toMatchObject({ pid: victim, signal: 'SIGKILL' });
  });

  it('waits longer from death to death, and not for ever', async () => {
    const delays: number[] = [];
    const clock = {
      ...systemClock,
      schedule(delayMs: number, task: () => void) {
        if (delayMs > 1_000) return systemClock.schedule(delayMs, task);
        delays.push(delayMs);
        return systemClock.schedule(0, task);
      },
    };
    const port = await freePort();
    const group = groupOf(1, port, { clock, random: () => 0, backoff: { baseMs: 100, maxMs: 400 } });
    await group.start();
    for (let death = 1; death <= 4; death++) {
      (await dial(port))?.socket.write('die');
      await until(() => group.restarts === death && group.readyCount === 1);
    }
    expect(delays).toEqual([50, 100, 200, 200]);
  });

  it('begins with the shortest wait again after a worker that had served for long', async () => {
    const delays: number[] = [];
    let nowMs = 0;
    const clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      schedule(delayMs: number, task: () => void) {
        if (delayMs > 1_000) return systemClock.schedule(delayMs, task);
        delays.push(delayMs);
        return systemClock.schedule(0, task);
      },
    };
    const port = await freePort();
    const group = groupOf(1, port, { clock, random: () => 0, backoff: { baseMs: 100, maxMs: 400 } });
    await group.start();
    for (const servedMs of [0, 9_999, 10_000]) {
      nowMs += servedMs;
      const death = group.restarts + 1;
      (await dial(port))?.socket.write('die');
      await until(() => group.restarts === death && group.readyCount === 1);
    }
    expect(delays).toEqual([50, 100, 50]);
  });

  it('does not start where a worker dies before it is ready, and leaves none behind', async () => {
    const group = groupOf(2, await freePort(), { habit: 'dies' });
    await expect(group.start()).rejects.toMatchObject({
      code: 'WORKER_START',
      message: expect.stringContaining('(code 7)'),
    });
    expect(group.pids).toEqual([]);
  });

  it('does not start where a worker is not ready in time, and leaves none behind', async () => {
    const group = groupOf(2, await freePort(), { habit: 'hangs', readyTimeoutMs: 300 });
    await expect(group.start()).rejects.toMatchObject({ code: 'WORKER_START' });
    expect(group.pids).toEqual([]);
  });

  it('can be stopped while it starts', async () => {
    const group = groupOf(2, await freePort(), { habit: 'hangs' });
    const started = group.start();
    const stopped = group.stop(5_000);
    await expect(started).rejects.toMatchObject({ code: 'WORKER_START' });
    await stopped;
    expect(group.pids).toEqual([]);
  });

  it('drains on stop: what stands is served to its end, nothing new is taken', async () => {
    const port = await freePort();
    const group = groupOf(2, port);
    await group.start();
    const first = await connectionTo(port, group.pids[0]!);
    const second = await connectionTo(port, group.pids[1]!);
    const stopped = group.stop(8_000);
    await until(async () => {
      const greeted = await dial(port);
      greeted?.socket.destroy();
      return greeted === null;
    });
    for (const { socket } of [first, second]) {
      const echoed = once(socket, 'data');
      socket.write('last words');
      expect(String((await echoed)[0])).toBe('last words');
      socket.end();
    }
    await stopped;
    expect(group.exitCode).toBe(0);
    expect(group.pids).toEqual([]);
    expect(group.restarts).toBe(0);
  });

  it('kills what has not ended by the deadline, and says so in its exit code', async () => {
    const group = groupOf(2, await freePort(), { habit: 'stays' });
    await group.start();
    const { pids } = group;
    await group.stop(100);
    expect(pids.some(isAlive)).toBe(false);
    expect(group.exitCode).toBe(1);
  });

  it('restarts nothing once it stops', async () => {
    const port = await freePort();
    const group = groupOf(1, port, { backoff: { baseMs: 60_000, maxMs: 60_000 } });
    await group.start();
    (await dial(port))?.socket.write('die');
    await until(() => group.pids.length === 0);
    await group.stop(1_000);
    expect(group.restarts).toBe(0);
  });

  it('passes signals on to every worker', async () => {
    const port = await freePort();
    const group = groupOf(2, port);
    await group.start();
    const greeted = [await connectionTo(port, group.pids[0]!), await connectionTo(port, group.pids[1]!)];
    const told = greeted.map(({ socket }) => once(socket, 'data'));
    group.signal('SIGHUP');
    expect((await Promise.all(told)).map(String)).toEqual(['SIGHUP', 'SIGHUP']);
  });

  it('ends its workers, in order, when its own process is killed', async () => {
    const port = await freePort();
    const parent = spawn(process.execPath, [groupProgram, program, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).toHaveLength(2);
    parent.kill('SIGKILL');
    await until(() => !pids.some(isAlive));
  });
});

async function connectionTo(port: number, pid: number): Promise<Greeted> {
  for (;;) {
    const greeted = await dial(port);
    if (greeted?.pid === pid) return greeted;
    greeted?.socket.destroy();
  }
}
