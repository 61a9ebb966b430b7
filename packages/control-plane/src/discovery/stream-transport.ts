export type StreamStatus =
  | 'INVALID_ARGUMENT'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAVAILABLE';

/** The connection below a stream: grpc-js in the server, a recorder in tests. */
export interface StreamTransport {
  readonly peer: string;
  /** False: hold back until `onDrain`. */
  send(response: Buffer): boolean;
  /** Ends the stream with this status. */
  fail(status: StreamStatus, message: string): void;
}
