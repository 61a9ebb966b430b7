import { connect, type Socket } from 'node:net';
import { FirstH1Exchange, h1Request } from '../measure/first-exchange.ts';
import { quantile } from './quantile.ts';

export interface OpenLoopOptions {
  readonly address: string;
  readonly port: number;
  readonly authority: string;
  readonly path: string;
  /** `Name: value`, beside Host. */
  readonly headers: readonly string[];
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
}

export interface OpenLoopResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** How late requests left that had a free connection: the load's own share of the latency. */
  readonly lateP99Us: number;
}

/**
 * Sends requests when they are due, whether or not those before are answered, over HTTP/1.1 connections in
 * turn. Latency counts from when a request was due, also where it had to wait for a connection.
 */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const loop = new OpenLoop(options);
  await loop.connect();
  return loop.run();
}

/** The longest nap between two looks at the sockets. Timers of the event loop are 20 times coarser. */
const napMs = 0.05;
/** For the last answers. */
const patienceMs = 5_000;

interface Connection {
  readonly socket: Socket;
  exchange: FirstH1Exchange | null;
  dueMs: number;
}

class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #request: Buffer;
  readonly #total: number;
  readonly #latenciesUs: Float64Array;
  readonly #lateUs: Float64Array;
  readonly #connections: Connection[] = [];
  readonly #idle: Connection[] = [];
  /** When the requests were due that found no connection. */
  readonly #waiting: number[] = [];
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #prompt = 0;
  #answered = 0;
  #failed = 0;

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#request = h1Request(options.authority, options.path, options.headers);
    this.#total = Math.round(options.requestsPerSecond * options.seconds);
    this.#latenciesUs = new Float64Array(this.#total);
    this.#lateUs = new Float64Array(this.#total);
  }

  async connect(): Promise<void> {
    const { address, port, connections } = this.#options;
    for (let index = 0; index < connections; index++) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect({ host: address, port, noDelay: true }, resolve);
        const connection: Connection = { socket, exchange: null, dueMs: 0 };
        socket.on('data', (chunk: Buffer) => this.#receive(connection, chunk));
        socket.on('error', reject);
        socket.once('close', () => this.#lose(connection));
        this.#connections.push(connection);
        this.#idle.push(connection);
      });
    }
  }

  run(): Promise<OpenLoopResult> {
    const intervalMs = 1000 / this.#options.requestsPerSecond;
    const startMs = performance.now();
    const endMs = startMs + this.#options.seconds * 1000 + patienceMs;
    let due = 0;
    return new Promise((resolve) => {
      const turn = () => {
        const nowMs = performance.now();
        for (; due < this.#total && startMs + due * intervalMs <= nowMs; due++) {
          this.#begin(startMs + due * intervalMs);
        }
        if (this.#answered + this.#failed >= this.#total || nowMs > endMs) {
          resolve(this.#finish());
          return;
        }
        Atomics.wait(this.#sleeper, 0, 0, napMs);
        setImmediate(turn);
      };
      turn();
    });
  }

  #begin(dueMs: number): void {
    const connection = this.#idle.shift();
    if (connection === undefined) {
      this.#waiting.push(dueMs);
      return;
    }
    this.#lateUs[this.#prompt++] = (performance.now() - dueMs) * 1000;
    this.#send(connection, dueMs);
  }

  #send(connection: Connection, dueMs: number): void {
    connection.exchange = new FirstH1Exchange('', '/');
    connection.dueMs = dueMs;
    connection.socket.write(this.#request);
  }

  #receive(connection: Connection, chunk: Buffer): void {
    try {
      connection.exchange?.take(chunk);
    } catch {
      connection.socket.destroy();
      return;
    }
    if (connection.exchange === null || !connection.exchange.isComplete) return;
    connection.exchange = null;
    this.#latenciesUs[this.#answered++] = (performance.now() - connection.dueMs) * 1000;
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(connection);
    else this.#send(connection, next);
  }

  #lose(connection: Connection): void {
    if (connection.exchange !== null) this.#failed++;
    connection.exchange = null;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #finish(): OpenLoopResult {
    const failed = this.#total - this.#answered;
    for (const { socket } of this.#connections) socket.destroy();
    const latencies = this.#latenciesUs.subarray(0, this.#answered).sort();
    return {
      requests: this.#answered,
      requestsPerSecond: this.#answered / this.#options.seconds,
      failed,
      p50Us: quantile(latencies, 0.5),
      p99Us: quantile(latencies, 0.99),
      p999Us: quantile(latencies, 0.999),
      lateP99Us: quantile(this.#lateUs.subarray(0, this.#prompt).sort(), 0.99),
    };
  }
}
