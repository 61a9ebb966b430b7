import type { TLSSocket } from 'node:tls';

export type HandshakeRefusalCode =
  /** The client does not speak TLS at all. */
  | 'plaintext'
  /** It speaks no TLS 1.3, or broke the protocol. */
  | 'protocol'
  | 'alpn'
  | 'no-certificate'
  /** Its certificate does not verify against the trusted roots. */
  | 'untrusted'
  /** verifyPeer refused it. */
  | 'identity'
  | 'timeout'
  /** It went away, or refused us. */
  | 'closed';

export interface HandshakeRefusal {
  readonly code: HandshakeRefusalCode;
  readonly detail: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** What OpenSSL calls the first bytes of a client that speaks something else. */
const PLAINTEXT_CODES = new Set([
  'ERR_SSL_HTTP_REQUEST',
  'ERR_SSL_HTTPS_PROXY_REQUEST',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LENGTH_MISMATCH',
  'ERR_SSL_UNKNOWN_PROTOCOL',
]);

/** Classifies an error of a handshake on the server's side. */
export function refusalOf(error: Error & { code?: string }, socket: TLSSocket): HandshakeRefusal {
  return {
    code: codeOf(error.code ?? ''),
    detail: `${error.code ?? 'unknown'}: ${error.message}`,
    remoteAddress: socket.remoteAddress ?? '',
    remotePort: socket.remotePort ?? 0,
  };
}

function codeOf(code: string): HandshakeRefusalCode {
  if (PLAINTEXT_CODES.has(code)) return 'plaintext';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'timeout';
  if (code === 'ERR_SSL_NO_APPLICATION_PROTOCOL') return 'alpn';
  return code.startsWith('ERR_SSL') && !code.includes('ALERT') ? 'protocol' : 'closed';
}
