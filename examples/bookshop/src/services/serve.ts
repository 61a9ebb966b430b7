import { createServer, type IncomingMessage, type Server } from 'node:http';

/** What a service answers: a status and a JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export type Handler = (request: IncomingMessage) => Answer | Promise<Answer>;

/** An address as `host:port`, from an environment variable. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a service listens that is told nothing: as in a cluster, where each pod has an address of its own. */
const everywhere = '0.0.0.0:8080';

export function listenAddressOf(text: string | undefined): Address {
  return addressOf(text ?? everywhere);
}

/** The sidecar to send through; null where traffic is captured, or where there is none. */
export function sidecarOf(text: string | undefined): Address | null {
  return text === undefined ? null : addressOf(text);
}

function addressOf(text: string): Address {
  const [host, port] = text.split(':');
  if (host === undefined || host === '' || port === undefined) throw new Error(`not an address: "${text}"`);
  return { host, port: Number(port) };
}

/** Serves `GET /healthz` and, for everything else, what `handler` answers. Ends on SIGTERM. */
export function serve(name: string, { host, port }: Address, handler: Handler): Server {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const answer = async (): Promise<Answer> =>
      request.url === '/healthz' ? { status: 200, body: 'ok' } : handler(request);
    answer()
      .catch((thrown: unknown): Answer => ({ status: 500, body: { error: String(thrown) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
  });
  server.listen(port, host, () => console.log(`${name} listens on ${host}:${port}`));
  server.on('error', (fault) => {
    console.error(`${name}: ${fault.message}`);
    process.exit(1);
  });
  const stop = () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 1_000).unref();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return server;
}
