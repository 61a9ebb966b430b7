/**
 * A workload's application as a process of its own: `application.ts NAME ADDRESS ORDERS-FILE`. Says what it was
 * asked for, and writes down each order before it answers, so that one that is processed twice shows. On
 * SIGTERM it finishes what is under way and ends, as programs in pods do.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';

const appPort = 8080;
const slowMs = 30;

const [name = '', address = '', ordersFile = ''] = process.argv.slice(2);

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const path = request.url ?? '/';
  request.resume();
  request.on('end', () => {
    if (request.method === 'POST') appendFileSync(ordersFile, `${path}\n`);
    if (path.startsWith('/slow')) setTimeout(answer, slowMs, response, path);
    else answer(response, path);
  });
});

function answer(response: ServerResponse, path: string): void {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': path.length, 'x-app': name });
  response.end(path);
}

process.once('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(appPort, address, () => writeSync(1, `${JSON.stringify({ msg: 'listening', name })}\n`));
