/** HTTP/1.1 codec and transports: bytes in and out, no policy. */

export { copyBytes } from './h1/bytes.ts';
export * from './h1/errors.ts';
export type { HeadEdits } from './h1/head-edits.ts';
export * from './h1/head-index.ts';
export { defaultH1Limits, type H1Limits } from './h1/limits.ts';
export { NEED_MORE, parseRequestHead } from './h1/parse-request-head.ts';
export { parseResponseHead } from './h1/parse-response-head.ts';
export * from './h1/request-head.ts';
export { ResponseHead } from './h1/response-head.ts';
export { chooseBackend } from './transport/choose-backend.ts';
export { connectTcp } from './transport/connect-tcp.ts';
export { listenTcp } from './transport/listen-tcp.ts';
export {
  type ConnectTcpOptions,
  idleHandler,
  type Listener,
  type ListenTcpOptions,
  type PeerCertificateInfo,
  SCRATCH_BYTES,
  scratch,
  type Transport,
  type TransportBackend,
  TransportError,
  type TransportHandler,
  type TransportPhase,
} from './transport/transport.ts';
