import type { TLSSocket } from 'node:tls';
import { HandleTransport } from './handle-transport.ts';
import type { RawHandle } from './raw-binding.ts';
import { resetUnder, SocketTransport } from './socket-transport.ts';
import type { PeerCertificateInfo, TransportBackend } from './transport.ts';

/**
 * A transport over a TLS socket. Core tls connects, shakes hands and keeps sessions; from opened()
 * on, the `handle` backend reads and writes the TLSWrap handle itself.
 */
export function tlsTransport(
  backend: TransportBackend,
  socket: TLSSocket,
): SocketTransport | HandleTransport {
  if (backend === 'socket') {
    const transport = new SocketTransport(true);
    transport.attach(socket);
    return transport;
  }
  let failure: Error | null = null;
  const transport = new HandleTransport(true, (_handle, isAbort) => {
    // The socket's 'close' tells when it is gone.
    if (isAbort) resetUnder(socket);
    else socket.destroy();
  });
  socket.on('error', (error) => {
    failure ??= error;
  });
  socket.on('close', () => transport.gone(failure));
  return transport;
}

/** The handshake is done and verified: fills in what is known and takes the handle over. */
export function openTls(
  transport: SocketTransport | HandleTransport,
  socket: TLSSocket,
  certificate: PeerCertificateInfo,
): void {
  transport.alpnProtocol = socket.alpnProtocol || null;
  transport.isSessionReused = socket.isSessionReused();
  transport.peerCertificate = certificate;
  if (transport instanceof SocketTransport) {
    transport.opened();
    return;
  }
  transport.remoteAddress = socket.remoteAddress ?? '';
  transport.remotePort = socket.remotePort ?? 0;
  transport.localAddress = socket.localAddress ?? '';
  transport.localPort = socket.localPort ?? 0;
  transport.opened((socket as unknown as { _handle: RawHandle })._handle);
}

/** Starts to read. What core tls has already decrypted comes first. */
export function startTls(transport: SocketTransport | HandleTransport, socket: TLSSocket): void {
  if (transport instanceof SocketTransport) transport.start();
  else transport.start(socket.read() as Buffer | null);
}
