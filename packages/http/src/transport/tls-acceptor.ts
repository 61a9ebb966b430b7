/** TLS on accepted connections, whoever accepted them: the server's side of the mesh's handshake. */
import type { Socket } from 'node:net';
import { createServer as createTlsServer, type Server, type TLSSocket } from 'node:tls';
import { type HandshakeRefusal, type HandshakeRefusalCode, refusalOf } from './handshake-refusal.ts';
import { peerCertificateOf } from './peer-certificate.ts';
import { openTls, startTls, tlsTransport } from './tls-transport.ts';
import type { PeerCertificateInfo, Transport, TransportBackend } from './transport.ts';

/** TLS 1.3 only; a client certificate is required and verified against `caPem`. */
export interface TlsServerSettings {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
  /** Empty: any, or none. Else a client that offers none of them is refused. */
  readonly alpnProtocols: readonly string[];
}

export interface TlsAcceptorOptions {
  readonly backend: TransportBackend;
  readonly settings: TlsServerSettings;
  readonly handshakeTimeoutMs: number;
  /** Null accepts; a reason refuses. Asked on every connection, resumed ones too. */
  verifyPeer(certificate: PeerCertificateInfo, serverName: string | null): string | null;
  onConnection(transport: Transport, serverName: string | null): void;
  onRefused(refusal: HandshakeRefusal): void;
}

/**
 * The three of TLS 1.3, AES-128 first: it is cheaper than AES-256, which OpenSSL would choose (`openssl speed`:
 * 7 % on records of 1.4 KB), and is what RFC 8446 section 9.1 makes mandatory. The server's order decides.
 */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/**
 * Connections are handed to a TLS server that never listens: settings are swapped by replacing it, and its
 * ticket keys with it, so that no session outlives the trust that it rests on.
 */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  #handshaker: Server;

  /** Throws on unusable settings. */
  constructor(options: TlsAcceptorOptions) {
    this.#options = options;
    this.#handshaker = createHandshaker(options, options.settings);
  }

  /** For connections from now on; those that stand are left alone. Throws on unusable settings. */
  update(settings: TlsServerSettings): void {
    this.#handshaker = createHandshaker(this.#options, settings);
  }

  /** A paused connection, made with allowHalfOpen; it may have been read from, if that was put back. */
  accept(raw: Socket): void {
    this.#handshaker.emit('connection', raw);
  }
}

function createHandshaker(options: TlsAcceptorOptions, settings: TlsServerSettings): Server {
  const server = createTlsServer({
    cert: settings.certPem,
    key: settings.keyPem,
    ca: settings.caPem,
    minVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    requestCert: true,
    // Not left to node, which drops a client without certificate without a reason, and passes a
    // resumed session that has none: refusalOfPeer() looks at both on every connection.
    rejectUnauthorized: false,
    ...(settings.alpnProtocols.length === 0 ? {} : { ALPNProtocols: [...settings.alpnProtocols] }),
    handshakeTimeout: options.handshakeTimeoutMs,
    sessionIdContext: 'tulle',
  });
  server.on('secureConnection', (socket) => accept(socket, settings, options));
  server.on('tlsClientError', (error, socket) => {
    options.onRefused(refusalOf(error, socket));
    socket.destroy();
  });
  return server;
}

function accept(socket: TLSSocket, settings: TlsServerSettings, options: TlsAcceptorOptions): void {
  // The types say boolean, the documentation "string or false".
  const serverName = (socket as { servername?: string | false }).servername || null;
  const certificate = peerCertificateOf(socket);
  const refusal = refusalOfPeer(socket, certificate, serverName, { settings, options });
  if (certificate === null || refusal !== null) {
    const [code, detail] = refusal ?? noCertificate;
    options.onRefused({
      code,
      detail,
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
    });
    socket.on('error', () => {});
    socket.destroy();
    return;
  }
  const transport = tlsTransport(options.backend, socket);
  openTls(transport, socket, certificate);
  options.onConnection(transport, serverName);
  startTls(transport, socket);
}

type Refusal = readonly [code: HandshakeRefusalCode, detail: string];

const noCertificate: Refusal = ['no-certificate', 'the client showed no certificate'];

function refusalOfPeer(
  socket: TLSSocket,
  certificate: PeerCertificateInfo | null,
  serverName: string | null,
  { settings, options }: { settings: TlsServerSettings; options: TlsAcceptorOptions },
): Refusal | null {
  if (settings.alpnProtocols.length > 0 && !socket.alpnProtocol) {
    return ['alpn', `the client speaks none of ${settings.alpnProtocols.join(', ')}`];
  }
  if (certificate === null) return noCertificate;
  if (!socket.authorized) return ['untrusted', String(socket.authorizationError)];
  // A resumed handshake does not look at the dates.
  if (certificate.validToMs <= Date.now()) return ['untrusted', 'the certificate has expired'];
  const reason = options.verifyPeer(certificate, serverName);
  return reason === null ? null : ['identity', reason];
}
