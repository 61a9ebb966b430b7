import { connect as connectSocket, isIP } from 'node:net';
import { connect as connectTlsSocket, type SecureContext, type TLSSocket } from 'node:tls';
import { ConnectDeadline } from './connect-deadline.ts';
import type { HandleTransport } from './handle-transport.ts';
import { peerCertificateOf } from './peer-certificate.ts';
import type { SocketTransport } from './socket-transport.ts';
import type { CachedSession, TlsSessionCache } from './tls-session-cache.ts';
import { openTls, startTls, tlsTransport } from './tls-transport.ts';
import {
  type ConnectTcpOptions,
  type PeerCertificateInfo,
  type Transport,
  TransportError,
} from './transport.ts';

export interface ConnectTlsOptions extends ConnectTcpOptions {
  /** Key, certificate and trusted roots. Its identity binds cached sessions: make one per rotation. */
  readonly secureContext: SecureContext;
  /** Where given, the handshake has this long for itself. Else connect and handshake share connectTimeoutMs. */
  readonly handshakeTimeoutMs?: number;
  /** A name for SNI, not an address; empty: none is sent. */
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
  readonly sessionCache: TlsSessionCache;
  readonly sessionKey: string;
  /** Null accepts; a reason refuses. Asked on every connection, resumed ones too. */
  verifyPeer(certificate: PeerCertificateInfo): string | null;
}

/**
 * Opens a TLS 1.3 connection. Nothing that is written leaves before the peer is verified.
 */
export function connectTls(options: ConnectTlsOptions): Transport {
  const { secureContext, sessionCache, sessionKey } = options;
  const raw = connectSocket({ host: options.host, port: options.port, noDelay: true, allowHalfOpen: true });
  const cached = sessionCache.get(sessionKey, secureContext);
  const socket = connectTlsSocket({
    socket: raw,
    secureContext,
    ...(options.alpnProtocols.length === 0 ? {} : { ALPNProtocols: [...options.alpnProtocols] }),
    ...(options.serverName === '' || isIP(options.serverName) !== 0
      ? {}
      : { servername: options.serverName }),
    ...(cached === undefined ? {} : { session: cached.session }),
    rejectUnauthorized: true,
    // Node does not ask on resumption, so the identity is verified below, always.
    checkServerIdentity: () => undefined,
  });
  const transport = tlsTransport(options.backend, socket);
  transport.handler = options.handler;
  const stage = { phase: 'connect' as 'connect' | 'handshake' };
  raw.once('connect', () => {
    stage.phase = 'handshake';
    if (options.handshakeTimeoutMs === undefined) return;
    deadline.clear();
    deadline = new ConnectDeadline(options.handshakeTimeoutMs, expire);
  });
  const fail = (error: TransportError) => {
    sessionCache.delete(sessionKey);
    transport.fail(error);
  };
  const expire = () => fail(timeoutOf(options, stage.phase));
  let deadline = new ConnectDeadline(options.connectTimeoutMs, expire);
  const failEarly = (error: Error) => fail(TransportError.from(error, stage.phase));
  raw.once('error', failEarly);
  socket.prependOnceListener('error', failEarly);
  socket.once('close', () => deadline.clear());
  socket.on('session', (fresh) => {
    const certificate = transport.peerCertificate;
    // TLS 1.3 tickets follow the handshake, hence the verified certificate is there.
    if (certificate === null || transport.isClosed) return;
    sessionCache.set(sessionKey, secureContext, { session: fresh, certificate });
  });
  socket.once('secureConnect', () => {
    deadline.clear();
    socket.off('error', failEarly);
    const result = acceptPeer(socket, cached, options);
    if (result instanceof TransportError) fail(result);
    else open(transport, socket, result, options);
  });
  return transport;
}

function open(
  transport: SocketTransport | HandleTransport,
  socket: TLSSocket,
  certificate: PeerCertificateInfo,
  options: ConnectTlsOptions,
): void {
  if (transport.isClosed) return;
  openTls(transport, socket, certificate);
  options.onConnect(transport);
  startTls(transport, socket);
}

function acceptPeer(
  socket: TLSSocket,
  cached: CachedSession | undefined,
  options: ConnectTlsOptions,
): PeerCertificateInfo | TransportError {
  const refuse = (code: string, reason: string) =>
    new TransportError(code, 'handshake', `refused ${options.host}:${options.port}: ${reason}`);
  if (socket.getProtocol() !== 'TLSv1.3') return refuse('TRANSPORT_PROTOCOL', 'it does not speak TLS 1.3');
  if (options.alpnProtocols.length > 0 && !socket.alpnProtocol) {
    return refuse('TRANSPORT_ALPN', `it speaks none of ${options.alpnProtocols.join(', ')}`);
  }
  // Only the peer of the full handshake can resume its session: its certificate stands for it.
  const resumed = socket.isSessionReused() ? cached?.certificate : undefined;
  const certificate = resumed ?? peerCertificateOf(socket);
  if (certificate === null) return refuse('TRANSPORT_NO_CERTIFICATE', 'it showed no certificate');
  // A resumed handshake does not look at the dates.
  if (certificate.validToMs <= Date.now()) return refuse('TRANSPORT_EXPIRED', 'its certificate has expired');
  const reason = options.verifyPeer(certificate);
  return reason === null ? certificate : refuse('TRANSPORT_IDENTITY', reason);
}

function timeoutOf(options: ConnectTlsOptions, phase: 'connect' | 'handshake'): TransportError {
  const code = phase === 'connect' ? 'TRANSPORT_CONNECT_TIMEOUT' : 'TRANSPORT_HANDSHAKE_TIMEOUT';
  const target = `${options.host}:${options.port}`;
  const { connectTimeoutMs, handshakeTimeoutMs = connectTimeoutMs } = options;
  const limitMs = phase === 'connect' ? connectTimeoutMs : handshakeTimeoutMs;
  return new TransportError(code, phase, `no ${phase} with ${target} within ${limitMs} ms`);
}
