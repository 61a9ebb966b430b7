import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Component } from './component.ts';
import { messageOf, TulleError } from './errors.ts';
import { isFromThisHost } from './is-from-this-host.ts';
import type { Logger } from './logger.ts';

/** What an admin page answers. A string body is text, anything else is JSON. */
export interface AdminAnswer {
  readonly status?: number;
  readonly contentType?: string;
  readonly body: unknown;
  /** The connection is closed without the answer, for clients to whom every answer is a success. */
  readonly isCut?: boolean;
}

export interface AdminRequest {
  readonly url: URL;
  readonly body: string;
}

export type AdminPage = (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;

/** Pages by method and path: `GET /readyz`. */
export type AdminPages = Readonly<Record<string, AdminPage>>;

export interface AdminServerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pages: AdminPages;
  /** Answered to clients on this host alone (in this pod, where there are pods). */
  readonly localPages?: AdminPages;
  readonly logger: Logger;
}

/**
 * Not imported: that reads every export, three of which load a client and a WebSocket that nothing here uses
 * (benchmark `idle-memory`: 3 MB of 84).
 */
const { createServer } = process.getBuiltinModule('node:http');

const maxBodyBytes = 64 * 1024;

/** A small HTTP server for health, metrics and dumps. Off the request path, hence node:http. */
export class AdminServer implements Component {
  readonly name: string;
  readonly #options: AdminServerOptions;
  #server: Server | null = null;

  constructor(options: AdminServerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The bound port; differs from the given one when that was 0. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
      this.#answer(request, response).catch((thrown) => {
        this.#options.logger.warn('admin request failed', { path: request.url, reason: messageOf(thrown) });
        send(response, { status: 500, body: `${messageOf(thrown)}\n` });
      });
    });
    server.maxConnections = 256;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const hint = 'choose another port or address, or stop what listens there';
        reject(
          new TulleError('ADMIN_LISTEN', `cannot listen on ${host}:${port} (${cause.message}): ${hint}`, {
            source: 'config',
            cause,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://admin.invalid');
    if (url === null) return send(response, { status: 400, body: 'the path cannot be read\n' });
    const { pages, localPages = {} } = this.#options;
    const name = `${request.method} ${url.pathname}`;
    const page = pages[name] ?? localPages[name];
    if (page === undefined) {
      const known = [...Object.keys(pages), ...Object.keys(localPages)].join('\n');
      send(response, { status: 404, body: `no such page; there are:\n${known}\n` });
      return;
    }
    if (pages[name] === undefined && !isFromThisHost(request.socket)) {
      const hint = 'on Kubernetes: kubectl port-forward, or exec in this pod';
      send(response, { status: 403, body: `this page is for clients on the same host (${hint})\n` });
      return;
    }
    const body = await readBody(request);
    if (body === null) {
      // The rest of the body is not read, so that this connection has no next request.
      response.setHeader('connection', 'close');
      return send(response, { status: 413, body: `the body may have ${maxBodyBytes} bytes\n` });
    }
    send(response, await page({ url, body }));
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Else leaving the loop early would destroy the connection, and the answer with it.
  const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(
  response: ServerResponse,
  { status = 200, contentType, body, isCut = false }: AdminAnswer,
): void {
  if (isCut) response.destroy();
  if (isCut || response.headersSent) return;
  const isText = typeof body === 'string';
  response.writeHead(status, {
    'content-type': contentType ?? (isText ? 'text/plain; charset=utf-8' : 'application/json'),
  });
  response.end(isText ? body : `${JSON.stringify(body, null, 2)}\n`);
}
