/**
 * The one interface between bytes and protocols. Two backends implement it: `socket` (public
 * node:net and node:tls) and `handle` (raw stream handles, half the cost); all above is the same.
 *
 * Contract, beyond the member comments:
 * - No handler method is called from inside a call of a transport method. After abort(), and after
 *   a failure, only onClose follows, once, from a later turn of the loop.
 * - abort(), end() and pause() are safe at any moment: within any handler method, onConnection and
 *   onConnect, twice, one after the other.
 * - Bytes written after end(), abort() or a failure are dropped, and write() answers true.
 * - A transport starts to read when it is handed to onConnection / onConnect (call pause() there
 *   to prevent it).
 * - Over TLS an end without close_notify (a cut connection) is reported by onEnd like one with it:
 *   node does not tell them apart. A message that only the close ends may be cut short unseen.
 *
 * Beyond the agreed shape: `fd` (for SO_ORIGINAL_DST), `isSessionReused`.
 */

export interface TransportHandler {
  /** Bytes [start,end) of `buffer`, valid only during the call (it is the shared read buffer). */
  onData(buffer: Buffer, start: number, end: number): void;
  /** After write() answered false: all that had to be queued has gone out. */
  onDrain(): void;
  /** The peer half-closed its sending side. The transport stays writable. */
  onEnd(): void;
  /** Exactly once, when the transport is gone. Null: closed in order, or by abort(). */
  onClose(error: TransportError | null): void;
}

export interface PeerCertificateInfo {
  /** URIs among the subject alternative names: a SPIFFE certificate has exactly one. */
  readonly uris: readonly string[];
  readonly raw: Buffer;
  readonly validToMs: number;
}

export interface Transport {
  /** May be replaced at any time: a pooled connection changes owners. */
  handler: TransportHandler;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The file descriptor, or -1 when it is not known. Never close it. */
  readonly fd: number;
  readonly isTls: boolean;
  readonly isSessionReused: boolean;
  readonly alpnProtocol: string | null;
  readonly peerCertificate: PeerCertificateInfo | null;
  /**
   * Borrows [start,end) for the call only. True: keep writing; false: wait for onDrain (the bytes
   * are accepted either way). A caller that wrote from `scratch.buffer` must read it again.
   */
  write(buffer: Buffer, start: number, end: number): boolean;
  /**
   * As write(), of a block from takeWriteBlock(), which is the transport's from here on: it is not
   * copied, and goes back to the pool by itself, whatever becomes of the connection.
   */
  writeBlock(block: Buffer, start: number, end: number): boolean;
  /** Accepted bytes that are not yet with the kernel. */
  readonly queuedBytes: number;
  pause(): void;
  resume(): void;
  /** Half-close after what is queued (FIN, or close_notify and FIN). */
  end(): void;
  /** Close at once and drop what is queued; the peer of a plain connection sees a reset. */
  abort(): void;
}

export type TransportPhase = 'connect' | 'handshake' | 'read' | 'write';

/** Why a transport failed. `code` is the system's or OpenSSL's, or one of Tulle's `TRANSPORT_*`. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: string;
  readonly phase: TransportPhase;
  /** True where nothing written can have reached an application: before the connection stood. */
  readonly retryable: boolean;

  constructor(code: string, phase: TransportPhase, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.phase = phase;
    this.retryable = phase === 'connect' || phase === 'handshake';
  }

  static from(error: unknown, phase: TransportPhase): TransportError {
    if (error instanceof TransportError) return error;
    const known = error as { code?: unknown; message?: unknown } | null | undefined;
    const code = typeof known?.code === 'string' ? known.code : 'TRANSPORT_UNKNOWN';
    return new TransportError(code, phase, `${phase} failed: ${known?.message ?? String(error)}`, error);
  }
}

/** What a head of the largest permitted size and a full read need together. */
export const SCRATCH_BYTES = 65536 + 8192;

/**
 * The output scratch that every encoder writes to and every transport writes from. A backend that
 * must keep the bytes replaces `buffer` by a fresh one: read the property again after each write.
 */
export const scratch: { buffer: Buffer } = { buffer: Buffer.allocUnsafeSlow(SCRATCH_BYTES) };

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Open transports that this listener accepted. */
  readonly connectionCount: number;
  /** Stops accepting; open transports live on. */
  close(): Promise<void>;
}

export type TransportBackend = 'socket' | 'handle';

export interface ListenTcpOptions {
  readonly host: string;
  readonly port: number;
  readonly backlog?: number;
  readonly backend: TransportBackend;
  /**
   * Several processes may listen on the port, and the kernel spreads connections over them
   * (SO_REUSEPORT); all of them must say so, and be of one user. `TRANSPORT_REUSE_PORT` where this node
   * cannot (before 22.12 and 23.1).
   */
  readonly reusePort?: boolean;
  /** Of `::`: leave IPv4 to another listener. */
  readonly ipv6Only?: boolean;
  /** Connections above it are closed as soon as they are accepted. Default: no limit. */
  readonly maxConnections?: number;
  /** Asked before each, with how many are open; false: closed likewise. */
  readonly mayAccept?: (openCount: number) => boolean;
  onConnection(transport: Transport): void;
  onError(error: TransportError): void;
}

type AcceptOptions = Pick<ListenTcpOptions, 'maxConnections' | 'mayAccept'>;

/** For listeners. */
export function mayAccept(options: AcceptOptions, openCount: number): boolean {
  if (options.maxConnections !== undefined && openCount >= options.maxConnections) return false;
  return options.mayAccept?.(openCount) ?? true;
}

export interface ConnectTcpOptions {
  readonly host: string;
  readonly port: number;
  readonly backend: TransportBackend;
  readonly connectTimeoutMs: number;
  readonly handler: TransportHandler;
  onConnect(transport: Transport): void;
}

/** Above it, write() answers false where a backend queues in memory of its own. */
export const QUEUE_HIGH_BYTES = 128 * 1024;

export const DEFAULT_BACKLOG = 4096;

export function connectTimeout(options: {
  host: string;
  port: number;
  connectTimeoutMs: number;
}): TransportError {
  const target = `${options.host}:${options.port}`;
  return new TransportError(
    'TRANSPORT_CONNECT_TIMEOUT',
    'connect',
    `no connection to ${target} within ${options.connectTimeoutMs} ms`,
  );
}

export function noReusePort(): TransportError {
  return new TransportError(
    'TRANSPORT_REUSE_PORT',
    'connect',
    `node ${process.version} cannot share a port among processes: 22.12 or 23.1 can`,
  );
}

/** The handler of a transport that nobody has claimed yet. */
export const idleHandler: TransportHandler = {
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};
