/** Clients and applications of HTTP/2, by node:http2. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from './cleanup.ts';
import { host } from './proxy-pair.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
}

export function connectHttp2(cleanup: Cleanup, port: number): ClientHttp2Session {
  const session = connect(`http://${host}:${port}`);
  session.on('error', () => {});
  cleanup.add(() => session.destroy());
  return session;
}

export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
    let trailers: IncomingHttpHeaders = {};
    const parts: Buffer[] = [];
    stream.on('response', (fields) => {
      headers = fields;
    });
    stream.on('trailers', (fields) => {
      trailers = fields;
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', reject);
    stream.on('close', () => {
      const body = Buffer.concat(parts).toString('latin1');
      resolve({ status: headers[':status'] ?? 0, headers, trailers, body });
    });
  });
}

export function fetch(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}

export async function startHttp2(
  cleanup: Cleanup,
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<number> {
  // Node counts what it has to send against a session, and then refuses streams.
  const server: Http2Server = createServer({ maxSessionMemory: 1_000 });
  server.on('stream', onStream);
  server.on('sessionError', () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  cleanup.add(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export const echo = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'x-seen': JSON.stringify(headers) });
  stream.pipe(stream);
};
