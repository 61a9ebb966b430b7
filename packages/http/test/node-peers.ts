/** node:http and node:http2 as clients and origins, behind one shape: what the codecs are compared with. */
import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

export interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: Buffer;
  readonly trailers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: Record<string, string | undefined>;
  readonly interims: number[];
}

export interface NodeClient {
  ask(ask: Ask): Promise<Answer>;
  close(): void;
}

export interface NodeOrigin {
  readonly port: number;
  close(): Promise<void>;
}

const patterns = new Map<number, Buffer>();

/** Bytes that tell where they belong; the same buffer for the same length. */
export function pattern(bytes: number): Buffer {
  const known = patterns.get(bytes);
  if (known !== undefined) return known;
  const block = Buffer.alloc(bytes);
  for (let i = 0; i + 4 <= bytes; i += 4) block.writeUInt32LE(i, i);
  patterns.set(bytes, block);
  return block;
}

export function nodeClient(major: 1 | 2, port: number, settings: http2.Settings = {}): NodeClient {
  return major === 1 ? new Http1Client(port) : new Http2Client(port, settings);
}

class Http1Client implements NodeClient {
  readonly #port: number;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 200 });

  constructor(port: number) {
    this.#port = port;
  }

  async ask({ method = 'GET', path, headers = {}, body, trailers }: Ask): Promise<Answer> {
    const options = { port: this.#port, host: '127.0.0.1', agent: this.#agent, method, path };
    const announced = trailers === undefined ? {} : { trailer: Object.keys(trailers).join(', ') };
    const request = http.request({ ...options, headers: { ...headers, ...announced } });
    const interims: number[] = [];
    request.on('information', (info) => interims.push(info.statusCode));
    if (trailers !== undefined) request.addTrailers(trailers);
    const responded = once(request, 'response') as Promise<[http.IncomingMessage]>;
    request.end(body);
    const [response] = await responded;
    // A reset after the head, or of the request once it is answered, is told by the response.
    request.on('error', () => {});
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    const { statusCode, headers: fields } = response;
    return {
      status: statusCode!,
      headers: fields,
      body: Buffer.concat(parts),
      trailers: response.trailers,
      interims,
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Http2Client implements NodeClient {
  readonly session: http2.ClientHttp2Session;

  constructor(port: number, settings: http2.Settings) {
    this.session = http2.connect(`http://127.0.0.1:${port}`, { settings });
    this.session.on('error', () => {});
  }

  async ask({ method = 'GET', path, headers = {}, body, trailers }: Ask): Promise<Answer> {
    const hasBody = body !== undefined || trailers !== undefined;
    const stream = this.session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: !hasBody, waitForTrailers: trailers !== undefined },
    );
    const interims: number[] = [];
    const seen: { trailers: Record<string, string | undefined> } = { trailers: {} };
    stream.on('headers', (fields) => interims.push(Number(fields[':status'])));
    stream.on('trailers', (fields) => {
      seen.trailers = { ...fields } as Record<string, string>;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers!));
    const responded = once(stream, 'response') as Promise<[http2.IncomingHttpHeaders]>;
    if (hasBody) stream.end(body);
    const [fields] = await responded;
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    if (stream.rstCode !== 0) throw new Error(`reset with ${stream.rstCode}`);
    return {
      status: Number(fields[':status']),
      headers: fields,
      body: Buffer.concat(parts),
      trailers: seen.trailers,
      interims,
    };
  }

  close(): void {
    this.session.destroy();
  }
}

export async function nodeOrigin(major: 1 | 2, settings: http2.Settings = {}): Promise<NodeOrigin> {
  const listener: http.RequestListener = serve;
  // The compatibility interface is the same, as far as it is used here.
  const listener2 = listener as unknown as Parameters<typeof http2.createServer>[1];
  const server =
    major === 1
      ? http.createServer({ maxHeaderSize: 65_536 }, listener)
      : http2.createServer({ settings, maxSessionMemory: 256 }, listener2);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = request.url ?? '';
  const [, route, argument] = url.split('/');
  request.on('error', () => {});
  response.on('error', () => {});
  // Unread, node resets the stream once it has the whole answer, though not all of it has left.
  if (route !== 'echo' && route !== 'never') request.resume();
  if (route === 'echo') echo(request, response);
  else if (route === 'fields') response.end(JSON.stringify([request.method, url, request.rawHeaders]));
  else if (route === 'size') send(response, Number.parseInt(argument ?? '', 10), url.endsWith('?trailers'));
  else if (route === 'status') response.writeHead(Number(argument), { etag: '"1"' }).end();
  else if (route === 'early') response.writeHead(413).end('too large');
  else if (route === 'hints') {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('ok');
  } else if (route === 'reset') {
    response.write('some', () => setImmediate(() => request.socket.destroy()));
  } else if (route !== 'never') response.writeHead(404).end();
}

function echo(request: http.IncomingMessage, response: http.ServerResponse): void {
  response.setHeader('x-method', request.method ?? '');
  response.setHeader('x-length', String(request.headers['content-length'] ?? 'none'));
  if (request.headers.te === 'trailers') response.setHeader('trailer', 'x-sum');
  request.on('data', (part: Buffer) => {
    if (!response.write(part)) {
      request.pause();
      response.once('drain', () => request.resume());
    }
  });
  request.on('end', () => {
    const trailers = { ...request.trailers } as Record<string, string>;
    if (Object.keys(trailers).length > 0) response.addTrailers(trailers);
    response.end();
  });
}

function send(response: http.ServerResponse, bytes: number, hasTrailers: boolean): void {
  if (hasTrailers) response.setHeader('trailer', 'x-sum');
  else response.setHeader('content-length', String(bytes));
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  if (hasTrailers) response.addTrailers({ 'x-sum': String(bytes) });
  response.end(pattern(bytes));
}
