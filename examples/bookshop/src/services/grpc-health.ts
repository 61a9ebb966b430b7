import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { Address } from './serve.ts';

/** grpc.health.v1, https://github.com/grpc/grpc/blob/master/doc/health-checking.md, and its one answer. */
const checkPath = '/grpc.health.v1.Health/Check';
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]);
const codes = { ok: '0', notFound: '5', unimplemented: '12' } as const;
const maxRequestBytes = 1_024;
/** Of a message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** The standard health service, for probes by gRPC: these services serve, `''` being the server as a whole. */
export function serveHealth({ host, port }: Address, services: readonly string[]): Http2Server {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxRequestBytes) stream.close();
      else chunks.push(chunk);
    });
    stream.on('end', () => {
      const isServing = services.includes(serviceIn(Buffer.concat(chunks)));
      if (headers[':path'] !== checkPath) answer(stream, codes.unimplemented);
      else answer(stream, isServing ? codes.ok : codes.notFound);
    });
  });
  server.listen(port, host);
  return server;
}

/** HealthCheckRequest has one field, `string service = 1`, which is left out where it is empty. */
function serviceIn(message: Buffer): string {
  const field = message.subarray(prefixBytes);
  return field[0] === 0x0a ? field.subarray(2, 2 + (field[1] ?? 0)).toString('utf8') : '';
}

function answer(stream: ServerHttp2Stream, code: string): void {
  if (stream.destroyed) return;
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (code === codes.ok) {
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': code }));
    stream.end(serving);
  } else stream.respond({ ...head, 'grpc-status': code }, { endStream: true });
}
