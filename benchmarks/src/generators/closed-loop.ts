import { connect, type Socket } from 'node:net';
import { h1Request } from '../measure/first-exchange.ts';
import { cpuMicroseconds } from '../measure/process-usage.ts';
import { AnswerReader } from './answer-reader.ts';
import { quantile } from './quantile.ts';

export interface ClosedLoopOptions {
  readonly address: string;
  readonly port: number;
  readonly authority: string;
  readonly path: string;
  /** `Name: value`, beside Host. */
  readonly headers: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Of the processes under measurement. */
  readonly pids: readonly number[];
}

export interface ClosedLoopResult {
  /** Of answers in bytes: one of which half came within the time counts half. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly failed: number;
  /** CPU of the processes while the requests were counted. */
  readonly cpuUs: number;
}

/**
 * Requests over HTTP/1.1 connections, each as soon as the one before it is answered. Time and CPU count from
 * when every connection has had an answer: what it costs to open one is another case.
 */
export async function runClosedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  return new ClosedLoop(options).run();
}

const readBytes = 256 * 1024;

class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  readonly #request: Buffer;
  /** All reads are done with it before the next. */
  readonly #buffer = Buffer.alloc(readBytes);
  readonly #sockets: Socket[] = [];
  #latenciesUs: number[] = [];
  #receivedBytes = 0;
  #answers = 0;
  #failed = 0;
  #isOver = false;

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
    this.#request = h1Request(options.authority, options.path, options.headers);
  }

  async run(): Promise<ClosedLoopResult> {
    const { connections, seconds } = this.#options;
    await Promise.all(Array.from({ length: connections }, () => this.#open()));
    const answerBytes = this.#receivedBytes / this.#answers;
    this.#latenciesUs = [];
    this.#receivedBytes = 0;
    const startMs = performance.now();
    const cpuBeforeUs = this.#cpuUs();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const cpuUs = this.#cpuUs() - cpuBeforeUs;
    const requests = this.#receivedBytes / answerBytes;
    const took = (performance.now() - startMs) / 1000;
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
    const latencies = Float64Array.from(this.#latenciesUs).sort();
    return {
      requests,
      requestsPerSecond: requests / took,
      p50Us: quantile(latencies, 0.5),
      p99Us: quantile(latencies, 0.99),
      failed: this.#failed,
      cpuUs,
    };
  }

  #cpuUs(): number {
    return this.#options.pids.reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
  }

  /** Resolves with the first answer; from then on the connection goes on by itself. */
  #open(): Promise<void> {
    const { address, port } = this.#options;
    const answer = new AnswerReader();
    let sentMs = 0;
    return new Promise((resolve, reject) => {
      const send = () => {
        sentMs = performance.now();
        socket.write(this.#request);
      };
      const take = (bytes: number, buffer: Uint8Array): boolean => {
        this.#receivedBytes += bytes;
        if (!answer.take(buffer as Buffer, bytes)) return true;
        this.#answers++;
        this.#latenciesUs.push((performance.now() - sentMs) * 1000);
        if (!answer.isOk) this.#failed++;
        resolve();
        if (!this.#isOver) send();
        return true;
      };
      const onread = { buffer: this.#buffer, callback: take };
      const socket = connect({ host: address, port, noDelay: true, onread }, send);
      this.#sockets.push(socket);
      socket.on('error', reject);
      socket.once('close', () => {
        if (!this.#isOver) this.#failed++;
        reject(new Error('closed before the first answer'));
      });
    });
  }
}
