/** Applications by node's own servers, or by libraries as they are, on both families. */
import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTlsServer } from 'node:tls';
import { GrpcEcho } from '@tulle/testkit';
import { listenAt } from './servers.ts';

interface AtPort {
  readonly port: number;
  /** Says who answered. */
  readonly name: string;
}

export type { AtPort };

const host = '::';

/** HTTP/1.1 that answers with what it got, and WebSocket that answers each text with the same. */
export async function httpApplication({ port, name }: AtPort): Promise<void> {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      response.setHeader('content-type', 'application/json');
      response.setHeader('x-client-port', String(request.socket.remotePort));
      response.end(JSON.stringify({ name, version: request.httpVersion, headers: request.headers, body }));
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on('upgrade', (request, socket) => {
    const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${guid}`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on('error', () => {});
    socket.on('data', (frame: Buffer) => {
      const answer = answerFrame(frame);
      // A close is answered by another, and the server ends the connection (section 7.1.1).
      if ((frame[0]! & 0x0f) === 8) socket.end(answer);
      else socket.write(answer);
    });
  });
  await listenAt(server, { host, port, isDualStack: true });
}

/** HTTP/2 without TLS, by prior knowledge alone. */
export async function http2Application({ port, name }: AtPort): Promise<void> {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end(JSON.stringify({ name, body: Buffer.concat(chunks).toString() }));
    });
  });
  await listenAt(server, { host, port, isDualStack: true });
}

export async function grpcApplication({ port }: AtPort): Promise<void> {
  await new GrpcEcho().start('[::]', port);
}

/** TLS of its own: nobody on the way may end it. */
export async function tlsApplication(
  options: AtPort & { readonly cert: string; readonly key: string },
): Promise<void> {
  const { port, name, cert, key } = options;
  const server = createTlsServer({ cert, key }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => socket.end(`${name} over ${socket.getProtocol()}: ${chunk}`));
  });
  await listenAt(server, { host, port, isDualStack: true });
}

/** RFC 6455 section 5.2, for short masked frames that come whole: texts are sent back, a close is answered. */
function answerFrame(frame: Buffer): Buffer {
  const length = frame[1]! & 0x7f;
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4]!);
  return Buffer.concat([Buffer.of(frame[0]!, length), payload]);
}
