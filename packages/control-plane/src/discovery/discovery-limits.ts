/** What one stream may cost at most, and how long it may keep the server waiting. */
export interface DiscoveryLimits {
  /** Names asked for by one stream, all types together. */
  readonly subscriptionsPerStream: number;
  readonly nameChars: number;
  /** Types that this server doesn't know; each is answered, so each costs memory. */
  readonly unknownTypesPerStream: number;
  readonly streams: number;
  /** A pod has one sidecar of up to 64 workers, each with a stream of its own, and twice as many while it reconnects. */
  readonly streamsPerProxy: number;
  /** What goes into one response; the rest follows after its ACK. A single resource may exceed it. */
  readonly responseBytes: number;
  /** From opening a stream to its first request. */
  readonly firstRequestMs: number;
  /** Without any subscription. */
  readonly idleMs: number;
  /** From a response to its ACK or NACK. */
  readonly ackMs: number;
}

export const defaultDiscoveryLimits: DiscoveryLimits = {
  subscriptionsPerStream: 10_000,
  nameChars: 512,
  unknownTypesPerStream: 8,
  streams: 20_000,
  streamsPerProxy: 128,
  responseBytes: 1024 * 1024,
  firstRequestMs: 15_000,
  idleMs: 60_000,
  ackMs: 60_000,
};

/**
 * Options for the grpc-js server that carries discovery. Connections are aged out (grpc-js spreads the age by
 * 10 % of chance), so that proxies spread over replicas again after one was away; keepalive finds the stopped
 * client that TCP alone would keep for hours.
 */
export const discoveryServerOptions = {
  'grpc.max_connection_age_ms': 30 * 60_000,
  'grpc.max_connection_age_grace_ms': 10_000,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_concurrent_streams': 16,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
} as const;
