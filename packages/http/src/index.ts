/**
 * @tulle/http: how bytes become messages and back, with no policy: no routes, no timeouts beyond
 * connecting, no retries. From the bottom up:
 *
 * - transport/: connections behind one interface. Two backends, `socket` (public node API) and
 *   `handle` (raw stream handles, about half the cost), plain or mutual TLS 1.3. Start at
 *   transport/transport.ts for the contract.
 * - h1/: HTTP/1.1. parseRequestHead() and parseResponseHead() index a head in the caller's buffer,
 *   BodyReader finds the body's end, writeRequestHead() and writeResponseHead() copy what is
 *   forwarded into `scratch`. Strict: h1/errors.ts lists each doubtful form and its answer.
 * - hpack/ and h2/: HTTP/2 (RFC 7541, 9113). Start at h2/h2-connection.ts, which names what does what.
 * - detect/: what a client speaks, by its first bytes: HTTP, TLS (with name and ALPN), or neither.
 * - exchange/: requests and responses as either version carries them. Start at exchange/exchange.ts;
 *   serveHttp() makes a transport a connection to a client, H1ClientConnection and
 *   H2ClientConnection one to a server.
 */
export { type ClientHello, parseClientHello } from './detect/client-hello.ts';
export { type DetectedProtocol, detectProtocol, MAX_DETECTION_BYTES } from './detect/detect-protocol.ts';
export * from './exchange/exchange.ts';
export * from './exchange/limits.ts';
export { sendLocalResponse } from './exchange/local-response.ts';
export { serveHttp } from './exchange/serve-http.ts';
export { BodyReader } from './h1/body-reader.ts';
export * from './h1/errors.ts';
export { H1ClientConnection } from './h1/h1-client-connection.ts';
export { H1ServerConnection } from './h1/h1-server-connection.ts';
export { defaultH1Limits, type H1Limits } from './h1/limits.ts';
export { parseRequestHead } from './h1/parse-request-head.ts';
export { parseResponseHead } from './h1/parse-response-head.ts';
export { writeRequestHead, writeResponseHead } from './h1/write-head.ts';
export { H2ClientConnection } from './h2/h2-client-connection.ts';
export { H2ServerConnection } from './h2/h2-server-connection.ts';
export { copyBytes } from './message/bytes.ts';
export * from './message/field-section.ts';
export type { HeadEdits } from './message/head-edits.ts';
export * from './message/head-index.ts';
export * from './message/request-head.ts';
export { ResponseHead } from './message/response-head.ts';
export { chooseBackend } from './transport/choose-backend.ts';
export { connectTcp } from './transport/connect-tcp.ts';
export { type ConnectTlsOptions, connectTls } from './transport/connect-tls.ts';
export { detachSocket } from './transport/detach-socket.ts';
export type { HandshakeRefusal, HandshakeRefusalCode } from './transport/handshake-refusal.ts';
export { listenTcp } from './transport/listen-tcp.ts';
export { type ListenTlsOptions, listenTls, type TlsListener } from './transport/listen-tls.ts';
export { memoryAccount } from './transport/memory-account.ts';
export { TlsAcceptor, type TlsAcceptorOptions, type TlsServerSettings } from './transport/tls-acceptor.ts';
export { TlsSessionCache } from './transport/tls-session-cache.ts';
export {
  type ConnectTcpOptions,
  idleHandler,
  type Listener,
  type ListenTcpOptions,
  type PeerCertificateInfo,
  scratch,
  type Transport,
  type TransportBackend,
  TransportError,
  type TransportHandler,
  type TransportPhase,
} from './transport/transport.ts';
export { returnWriteBlock, takeWriteBlock } from './transport/write-blocks.ts';
