import { createServer, type Server } from 'node:http';
import { appPort } from '@tulle/testkit';

/** A workload's application: says its name; `/slow?ms=500` takes its time. In the test's own process. */
export interface Application {
  readonly name: string;
  requests: number;
  /** Of them, those that were asked to take their time. */
  slowRequests: number;
  close(): Promise<void>;
}

export async function startApplication(name: string, address: string): Promise<Application> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://app.invalid');
    application.requests++;
    if (url.pathname === '/slow') application.slowRequests++;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = () => {
        response.writeHead(200, { 'content-type': 'application/json', 'x-app': name });
        response.end(
          JSON.stringify({ name, url: request.url, body: Buffer.concat(chunks).toString('utf8') }),
        );
      };
      setTimeout(answer, Number(url.searchParams.get('ms') ?? 0));
    });
  });
  const application: Application = { name, requests: 0, slowRequests: 0, close: () => close(server) };
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(appPort, address, resolve);
  });
  return application;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
