import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { AdminServer, createLogger, MetricsRegistry, systemClock } from '@tulle/runtime';
import { createProbePages } from '../src/probes/create-probe-pages.ts';
import { parseProbes } from '../src/probes/parse-probes.ts';

export const host = '127.0.0.1';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** The sidecar's port for probes, and the applications behind it. Ends all that it has started. */
export class ProbeHarness implements AsyncDisposable {
  readonly log: Record<string, unknown>[] = [];
  readonly metrics = new MetricsRegistry();
  readonly #stops: (() => unknown)[] = [];

  /** Gives what asks the sidecar's port with these probes, as kubelet does. */
  async serve(probes: Record<string, unknown>) {
    const parsed = parseProbes(JSON.stringify(probes));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
    const logger = createLogger({ level: 'debug', write: (line) => this.log.push(JSON.parse(line)) });
    const pages = createProbePages({
      settings: { probes: parsed.value, appHost: host },
      clock: systemClock,
      logger,
      metrics: this.metrics,
    });
    const server = new AdminServer({ name: 'probes', host, port: 0, pages, logger });
    await server.start();
    this.onEnd(() => server.stop());
    return async (name: string) => {
      const response = await fetch(`http://${host}:${server.port}/probe/${name}`);
      return { status: response.status, text: await response.text() };
    };
  }

  async listen(server: Server): Promise<number> {
    server.listen(0, host);
    await once(server, 'listening');
    this.onEnd(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  async application(answer: Answer): Promise<number> {
    const server = createHttpServer(answer);
    this.onEnd(() => server.closeAllConnections());
    return this.listen(server);
  }

  /** The last first. */
  onEnd(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
  }
}

export const plain =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end('the application says something');

/** One that nobody listens at. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
