/**
 * Every bound of the codecs: its default, and what whoever exceeds it is answered. Those of HTTP/2 follow
 * RFC 9113 section 10.5; each that ends a stream or a connection is reported by name to
 * ConnectionObserver.onLimit().
 */
import { defaultH1Limits, type H1Limits } from '../h1/limits.ts';

export interface H2Limits {
  /** Streams that a peer may have open. Above: RST_STREAM REFUSED_STREAM, it may be sent again. */
  readonly maxConcurrentStreams: number;
  /** What we announce as SETTINGS_INITIAL_WINDOW_SIZE. Above: FLOW_CONTROL_ERROR. */
  readonly streamWindowBytes: number;
  /** What it may grow to while the stream's reader keeps up, an eighth of the connection's at most. Above: the peer must wait. */
  readonly maxStreamWindowBytes: number;
  /** A stream that moves more within a second, or announces more, is bulk: see ClientConnection.bulkStreams. */
  readonly bulkBytes: number;
  /** Received and not yet passed on, all streams of a connection. Above: the peer must wait. */
  readonly connectionWindowBytes: number;
  /** SETTINGS_MAX_FRAME_SIZE. Above: FRAME_SIZE_ERROR. */
  readonly maxFrameBytes: number;
  /** SETTINGS_HEADER_TABLE_SIZE, and the most that we use of what the peer allows. */
  readonly headerTableBytes: number;
  /** A field block as it is on the wire, CONTINUATION included. Above: ENHANCE_YOUR_CALM. */
  readonly maxFieldBlockBytes: number;
  /** CONTINUATION frames of one block. Above: ENHANCE_YOUR_CALM. */
  readonly maxContinuations: number;
  /** SETTINGS, PING, PRIORITY, empty and unknown frames, at once, and refilled a second. Above: ENHANCE_YOUR_CALM. */
  readonly maxControlFramesPerSecond: number;
  /**
   * Streams that a client opens and resets within a second, or makes us reset: at once, and refilled a second.
   * Above: ENHANCE_YOUR_CALM. High enough for callers whose deadlines all run out at once.
   */
  readonly maxResetsPerSecond: number;
  /** Bytes that wait for the peer to read control frames. Above: ENHANCE_YOUR_CALM. */
  readonly maxQueuedControlBytes: number;
  /** For the peer's SETTINGS, and its acknowledgement of ours. After: SETTINGS_TIMEOUT. */
  readonly settingsTimeoutMs: number;
  /** A stream with data to send whose window the peer keeps shut. After: RST_STREAM CANCEL. */
  readonly zeroWindowTimeoutMs: number;
  /** Without a byte from the peer, a PING asks whether it is there. 0: never. */
  readonly pingAfterMs: number;
  /** For its answer. After: the connection is aborted. */
  readonly pingTimeoutMs: number;
}

export interface HttpLimits {
  /** Heads of either version: HTTP/2 counts a field as its bytes and 32 (RFC 9113 section 6.5.2). Above: 431 or 414. */
  readonly head: H1Limits;
  /** 1xx responses before the final one. Above: the response is malformed. */
  readonly maxInterimResponses: number;
  /** Read and dropped after the last answer on an HTTP/1.1 connection. Above: no more is read. */
  readonly maxDiscardedBytes: number;
  readonly h2: H2Limits;
}

/** Deadlines of a connection to a client; onSweep() looks at them. */
export interface ServerTimeouts {
  /** From a head's first byte to its end. After: 408, or RST_STREAM. */
  readonly headMs: number;
  /** Without an exchange. After: closed. */
  readonly idleMs: number;
  /** For the client to take a complete response, while nothing moves. After: reset. */
  readonly flushMs: number;
  /** After our half-close, for the client to read the rest and close. After: reset. */
  readonly lingerMs: number;
}

export interface ConnectionObserver {
  /** A bound was exceeded, and the stream or connection ended for it. */
  onLimit(name: LimitName): void;
  /** The peer broke a rule of the protocol; `code` is an HTTP/2 error code. */
  onProtocolError(code: number, reason: string): void;
}

export type LimitName =
  | 'concurrent_streams'
  | 'field_section'
  | 'field_block'
  | 'continuations'
  | 'control_frames'
  | 'resets'
  | 'queued_control'
  | 'settings_timeout'
  | 'zero_window'
  | 'ping_timeout';

/**
 * Windows are no round numbers, as bodies often are: where a body's last byte is the last of a window too, a server
 * of node:http2 that has not read the request resets the stream (NO_ERROR) in place of END_STREAM (node 20), which
 * is a cut body. One byte more, not less: a body as long as the round number does not have to wait.
 */
export const UNEVEN_BYTES = 1;

export const defaultH2Limits: H2Limits = {
  maxConcurrentStreams: 1024,
  streamWindowBytes: 256 * 1024 + UNEVEN_BYTES,
  maxStreamWindowBytes: 2 * 1024 * 1024 + UNEVEN_BYTES,
  bulkBytes: 256 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024 + UNEVEN_BYTES,
  maxFrameBytes: 16 * 1024,
  headerTableBytes: 4096,
  maxFieldBlockBytes: 64 * 1024,
  maxContinuations: 16,
  maxControlFramesPerSecond: 1_000,
  maxResetsPerSecond: 2_000,
  maxQueuedControlBytes: 64 * 1024,
  settingsTimeoutMs: 10_000,
  zeroWindowTimeoutMs: 300_000,
  pingAfterMs: 30_000,
  pingTimeoutMs: 10_000,
};

export const defaultHttpLimits: HttpLimits = {
  head: defaultH1Limits,
  maxInterimResponses: 16,
  maxDiscardedBytes: 1024 * 1024,
  h2: defaultH2Limits,
};

export const defaultServerTimeouts: ServerTimeouts = {
  headMs: 10_000,
  idleMs: 3_600_000,
  flushMs: 3_600_000,
  lingerMs: 30_000,
};

/** What a connection to a client is made with. */
export interface ServerConnectionOptions {
  readonly limits: HttpLimits;
  readonly timeouts: ServerTimeouts;
  readonly observer: ConnectionObserver;
  /** Monotonic, as of the last sweep: a deadline needs no better, and a clock read for each request costs. */
  nowMs(): number;
}

/** What a connection to a server is made with. */
export interface ClientConnectionOptions {
  readonly limits: HttpLimits;
  readonly observer: ConnectionObserver;
  nowMs(): number;
}
