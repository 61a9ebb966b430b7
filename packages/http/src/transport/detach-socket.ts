import type { Socket } from 'node:net';
import { HandleTransport } from './handle-transport.ts';
import { SocketTransport } from './socket-transport.ts';
import type { Transport } from './transport.ts';

/**
 * Gives a plain connection back to node, for a TLS handshake say: paused, made with allowHalfOpen, with `unread`
 * before whatever follows. The transport is over, and tells its handler nothing more. Not from within onData:
 * the handle is in use there. Null where the connection is gone.
 */
export function detachSocket(transport: Transport, unread: Buffer): Socket | null {
  const isOwn = transport instanceof HandleTransport || transport instanceof SocketTransport;
  const socket = isOwn ? transport.detach() : null;
  if (socket !== null && unread.length > 0) socket.unshift(unread);
  return socket;
}
