import { FirstH1Exchange, FirstH2Exchange } from '../measure/first-exchange.ts';
import { ConnectionOpener } from '../measure/open-connection.ts';
import type { MutualTls } from '../subjects/subject.ts';

export interface ChurnOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: MutualTls | null;
  readonly speaks: 'h1' | 'h2';
  readonly authority: string;
  readonly path: string;
  /** Whether a TLS session is resumed, where there is one. */
  readonly resumes: boolean;
  /** Connections open at a time. */
  readonly atOnce: number;
  readonly seconds: number;
}

export interface ChurnResult {
  /** Opened, used once and closed. */
  readonly connections: number;
  readonly connectionsPerSecond: number;
  /** Of them, those that resumed a TLS session. */
  readonly resumed: number;
  readonly failed: number;
}

/** Opens connections, has one request answered on each and closes it, the next as soon as one is done. */
export function runChurn(options: ChurnOptions): Promise<ChurnResult> {
  return new Churn(options).run();
}

const timeoutMs = 10_000;

class Churn {
  readonly #options: ChurnOptions;
  readonly #opener: ConnectionOpener;
  #session: Buffer | null = null;
  #isOver = false;
  #connections = 0;
  #resumed = 0;
  #failed = 0;

  constructor(options: ChurnOptions) {
    this.#options = options;
    this.#opener = new ConnectionOpener(options.tls);
  }

  async run(): Promise<ChurnResult> {
    const { atOnce, seconds, tls, resumes } = this.#options;
    if (tls !== null && resumes) await this.#firstSession();
    const startMs = performance.now();
    setTimeout(() => {
      this.#isOver = true;
    }, seconds * 1000);
    await Promise.all(Array.from({ length: atOnce }, () => this.#inTurn()));
    const tookSeconds = (performance.now() - startMs) / 1000;
    return {
      connections: this.#connections,
      connectionsPerSecond: this.#connections / tookSeconds,
      resumed: this.#resumed,
      failed: this.#failed,
    };
  }

  /** The connection that the others resume is not counted. */
  async #firstSession(): Promise<void> {
    await this.#connection();
    this.#connections = 0;
  }

  async #inTurn(): Promise<void> {
    while (!this.#isOver) await this.#connection();
  }

  #connection(): Promise<void> {
    const { address, port, speaks, authority, path, resumes } = this.#options;
    const exchange =
      speaks === 'h1' ? new FirstH1Exchange(authority, path) : new FirstH2Exchange(authority, path);
    return new Promise((resolve) => {
      const session = resumes ? this.#session : null;
      const socket = this.#opener.open({ address, port }, session, () => {
        if ('isSessionReused' in socket && (socket.isSessionReused as () => boolean)()) this.#resumed++;
        socket.write(exchange.greeting);
      });
      socket.setTimeout(timeoutMs, () => socket.destroy());
      socket.on('session', (fresh: Buffer) => {
        this.#session = fresh;
      });
      socket.on('data', (chunk: Buffer) => {
        try {
          const reply = exchange.take(chunk);
          if (reply !== null && !exchange.isComplete) socket.write(reply);
        } catch {
          socket.destroy();
        }
        if (exchange.isComplete) socket.end();
      });
      socket.on('error', () => {});
      socket.once('close', () => {
        if (exchange.isComplete) this.#connections++;
        else this.#failed++;
        resolve();
      });
    });
  }
}
