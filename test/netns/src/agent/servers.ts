/** Applications of a pod, and the stand-in of a sidecar. Each listens until its process ends. */
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { loadOriginalDestination } from '@tulle/sidecar';

export interface At {
  readonly host: string;
  readonly port: number;
}

/** Says its line to whoever connects, by either family, and ends. */
export async function greeter({
  port,
  line,
}: {
  readonly port: number;
  readonly line: string;
}): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(line);
  });
  await listenAt(server, { host: '::', port, isDualStack: true });
}

/** Says where each connection was going, as the sidecar sees it: `outbound 10.0.0.1:80`. */
export async function originalDestinationListener({
  port,
  side,
}: {
  port: number;
  side: string;
}): Promise<void> {
  const original = await loadOriginalDestination();
  const isInbound = side === 'inbound';
  const answer = (family: 4 | 6) => (socket: Socket) => {
    socket.on('error', () => {});
    // The handle's descriptor is in no type.
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const came = original(fd, family);
    socket.end(`${side} ${came === null ? 'none' : `${came.address} ${came.port}`}`);
  };
  await listenAt(createServer(answer(4)), { host: isInbound ? '0.0.0.0' : '127.0.0.1', port });
  await listenAt(createServer(answer(6)), { host: isInbound ? '::' : '::1', port });
}

/** Answers each datagram with its line and what it got. */
export async function udpEcho({ host, port, line }: At & { readonly line: string }): Promise<void> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only: host.includes(':') });
  socket.on('message', (message, from) => socket.send(`${line} ${message}`, from.port, from.address));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, resolve);
  });
}

export function listenAt(server: Server, at: At & { readonly isDualStack?: boolean }): Promise<void> {
  const { host, port, isDualStack = false } = at;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') && !isDualStack }, resolve);
  });
}

/** Sends back what it gets, and ends when its client has. */
export async function tcpEcho({ port }: { readonly port: number }): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await listenAt(server, { host: '::', port, isDualStack: true });
}
