/** Clients of a sidecar under load: one that behaves, and those that do not. */
import { Agent, get, request as httpRequest, type IncomingMessage } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import type { Cleanup } from './cleanup.ts';
import { host } from './proxy-pair.ts';

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly retryAfter: string;
}

function answerOf(response: IncomingMessage): Answer {
  response.resume();
  const { 'x-tulle-reason': reason = '', 'retry-after': retryAfter = '' } = response.headers;
  return { status: response.statusCode ?? 0, reason: String(reason), retryAfter };
}

/** A client that behaves, over one connection that it had before: what it was answered, and how slow the slowest was. */
export class HealthyClient {
  readonly answers: Answer[] = [];
  slowestMs = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  #isDone = false;
  #running: Promise<void> | null = null;

  constructor(port: number, cleanup: Cleanup) {
    this.#port = port;
    cleanup.add(() => this.#agent.destroy());
  }

  ask(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { host, port: this.#port, agent: this.#agent, headers: { host: 'healthy.shop' } };
      get(options, (response) => {
        const answer = answerOf(response);
        response.on('end', () => resolve(answer)).on('error', reject);
      }).on('error', reject);
    });
  }

  async begin(): Promise<void> {
    expect(await this.ask()).toMatchObject({ status: 200 });
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isDone) {
      const startMs = performance.now();
      this.answers.push(await this.ask());
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stops; gives the share that was served. */
  async end(): Promise<number> {
    this.#isDone = true;
    await this.#running;
    const served = this.answers.filter(({ status }) => status === 200).length;
    return served / this.answers.length;
  }
}

/** A client that asks for much, by many streams that have no window, and never reads; what became of them. */
export class Hog {
  readonly seen = { asked: 0, served: 0, shed: 0, otherwise: 0, cut: 0 };
  readonly #sessions: ClientHttp2Session[];

  constructor(port: number, cleanup: Cleanup) {
    this.#sessions = Array.from({ length: 2 }, () => {
      const session = connectHttp2(`http://${host}:${port}`, { settings: { initialWindowSize: 0 } });
      session.on('error', () => {});
      cleanup.add(() => session.destroy());
      return session;
    });
  }

  ask(count: number): void {
    for (let i = 0; i < count; i++) {
      this.seen.asked++;
      const session = this.#sessions[i % this.#sessions.length]!;
      this.#watch(session.request({ ':path': '/large', ':authority': 'plain.shop' }));
    }
  }

  #watch(stream: ClientHttp2Stream): void {
    stream.on('response', (headers) => {
      if (headers[':status'] === 200) this.seen.served++;
      else if (headers['x-tulle-reason'] === 'overloaded') this.seen.shed++;
      else this.seen.otherwise++;
    });
    stream.on('error', () => this.seen.cut++);
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

/** Sockets that say `text` and no more; how many were answered 503, and how many are closed. */
export function openSockets(
  port: number,
  cleanup: Cleanup,
  { count, text }: { count: number; text: string },
) {
  const seen = { connected: 0, closed: 0, refused: 0 };
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = connect({ host, port }, () => {
      seen.connected++;
      socket.write(text);
    });
    socket.on('data', (data) => {
      if (data.toString('latin1').startsWith('HTTP/1.1 503 ')) seen.refused++;
    });
    socket.on('error', () => {});
    socket.on('close', () => seen.closed++);
    sockets.push(socket);
  }
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  cleanup.add(close);
  return { seen, close };
}

/** Over a connection of its own, which stays open until the test ends. */
export function askFresh(port: number, cleanup: Cleanup, authority = 'healthy.shop'): Promise<Answer> {
  const agent = new Agent({ keepAlive: true });
  cleanup.add(() => agent.destroy());
  return new Promise((resolve, reject) => {
    httpRequest({ host, port, agent, headers: { host: authority } }, (response) =>
      resolve(answerOf(response)),
    )
      .on('error', reject)
      .end();
  });
}
