/**
 * The one exchange model: a request and its response as either codec carries them, so that what came in
 * by HTTP/1.1 or HTTP/2 leaves by either. A proxy is a ServerStreamHandler on one side and a
 * ClientStreamHandler on the other, and forwards events as calls; framing is the codecs' own affair.
 *
 * Contract, beyond the member comments:
 * - Heads, fields and byte ranges are valid only during the call that gives them: copy what is kept.
 * - `isEnd` with an event or a call: nothing follows in that direction. There is no other end.
 * - An exchange is over once its response has ended, whatever is left of the request: the rest is
 *   discarded (HTTP/1.1 closes the connection unless it has come already, HTTP/2 sends RST_STREAM
 *   NO_ERROR, RFC 9113 section 8.1). A tunnel is over once both directions have ended.
 * - onAbort is the last event of a stream. After it, and once the exchange is over, the stream may
 *   serve another one: let go of it.
 * - No event comes from inside a send, pause, resume or abort call of the same stream.
 * - sendBody() accepts all bytes and copies what it cannot pass on. False: wait for onDrain. After a
 *   failure or an end, sends are dropped and answer true.
 * - pause(): stop what feeds the stream. HTTP/1.1 stops at once; over HTTP/2 what the peer may still
 *   send, up to a stream window, is delivered all the same, and no more credit is given.
 * - A connection frees a stream before it delivers the last event of its exchange.
 */
import type { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import type { Transport, TransportError } from '../transport/transport.ts';

/** Why a message is not accepted. `code` is stable; `status` is what a server answers. */
export interface MessageError {
  readonly code: string;
  readonly status: number;
  readonly reason: string;
}

/** Why an exchange broke off. */
export type StreamFailure =
  /** The connection never stood: nothing was sent. */
  | { readonly kind: 'connect'; readonly error: TransportError }
  /** The peer says that it has not processed the request (REFUSED_STREAM, GOAWAY): it may be sent again. */
  | { readonly kind: 'refused' }
  /** The peer reset the stream, with this HTTP/2 error code. */
  | { readonly kind: 'reset'; readonly code: number }
  /**
   * The connection ended. `isReused`: it had served another exchange before, so it may have been closing.
   * `hasResponse`: part of a final response had come, if only a byte.
   */
  | {
      readonly kind: 'closed';
      readonly isReused: boolean;
      readonly hasResponse: boolean;
      readonly error: TransportError | null;
    }
  /** The peer broke the protocol. */
  | { readonly kind: 'protocol'; readonly error: MessageError };

/** Why the proxy gives a stream up; over HTTP/1.1 all of them reset the connection. */
export type AbortReason = 'cancel' | 'internal' | 'refused' | 'protocol';

interface StreamEvents {
  /** Payload without framing; [start,end) may be empty where it only tells the end. */
  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void;
  /** Trailer fields, which end the message. None of them frames, routes or concerns the connection. */
  onTrailers(trailers: FieldSection): void;
  /** After sendBody() answered false: write on. */
  onDrain(): void;
  onAbort(failure: StreamFailure): void;
}

interface Stream {
  sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean;
  /** Ends the message. */
  sendTrailers(trailers: FieldSection): void;
  pause(): void;
  resume(): void;
  /** Gives the exchange up; no event follows. */
  abort(reason: AbortReason): void;
}

/** The server's end of an exchange. */
export interface ServerStream extends Stream {
  /** Keeps its value from exchange to exchange where the stream object is reused: look before you make one. */
  handler: ServerStreamHandler | null;
  /** Null once it is gone. */
  readonly connection: ServerConnection;
  /** The request asked by HEAD: its response has no body, whatever its head says. */
  readonly isHeadRequest: boolean;
  /** No final response has been begun, and one can still be. True in onAbort after a malformed body (HTTP/1.1). */
  readonly canRespond: boolean;
  /** 1xx but 101; dropped for a client that knows none (HTTP/1.0, RFC 9110 section 15.2). */
  sendInterim(head: ResponseHead): void;
  /**
   * Final head; `extra` are fields of our own beside those of `head`. To a request that asked for a
   * tunnel, 101 or 2xx opens it, in the form that the client understands (RFC 8441 section 5). False: it
   * does not fit what the codec can send, and nothing was sent.
   */
  sendResponse(
    head: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean;
}

export interface ServerStreamHandler extends StreamEvents {}

export interface ServerConnectionHandler {
  /** A request begins; set `stream.handler` before this returns, or answer or abort it. */
  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void;
  /**
   * A request that could not be read, or whose head did not come in time: answer it through `stream`. Null
   * where there is nobody to answer: HTTP/2 resets the stream or ends the connection by itself.
   */
  onBadRequest(stream: ServerStream | null, error: MessageError): void;
  /** Once, after every stream has had its onAbort. */
  onClose(error: TransportError | null): void;
}

/** Makes a Transport a connection to a client. */
export interface ServerConnection {
  readonly httpMajor: 1 | 2;
  readonly transport: Transport;
  /** Exchanges under way. */
  readonly activeStreams: number;
  /** Finish what is under way, take nothing new, close (`connection: close`; GOAWAY twice). */
  drain(): void;
  /** Close at once; streams under way get no event, onClose comes. */
  abort(): void;
  /** The deadlines of the connection (not of exchanges): call a few times a second. */
  onSweep(nowMs: number): void;
}

/** The client's end of an exchange. */
export interface ClientStream extends Stream {
  /** The connection had served another exchange before this one. */
  readonly isReused: boolean;
  /** First of all calls. As sendResponse(). */
  sendRequest(
    head: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean;
}

export interface ClientStreamHandler extends StreamEvents {
  /** 1xx but 101. */
  onInterim(head: ResponseHead): void;
  /** Where the request asked for a tunnel, 101 (HTTP/1.1) or 2xx opens it: onBody then gives its bytes. */
  onResponse(head: ResponseHead, isEnd: boolean): void;
}

/** The pool that a connection belongs to. */
export interface ClientConnectionOwner {
  /** It can take more streams than before: one ended, the connection stands, the peer allows more. */
  onCapacity(connection: ClientConnection): void;
  /** It takes no new streams any more (GOAWAY, `connection: close`, an error); those under way go on. */
  onRetiring(connection: ClientConnection): void;
  /** Once, after every stream has had its onAbort. */
  onClosed(connection: ClientConnection, error: TransportError | null): void;
}

/** Makes a Transport a connection to a server. Requests may be sent before it stands. */
export interface ClientConnection {
  readonly httpMajor: 1 | 2;
  readonly transport: Transport;
  readonly activeStreams: number;
  /**
   * How many streams may be opened now: 0 or 1 over HTTP/1.1; 0 once it retires, and while slow readers of
   * other streams could delay a new one.
   */
  readonly capacity: number;
  /**
   * Those that move so much that the others would wait behind them (H2Limits.bulkBytes). Always 0 over
   * HTTP/1.1, where nothing is shared.
   */
  readonly bulkStreams: number;
  /** Begins an exchange; only where `capacity` is not 0. */
  open(handler: ClientStreamHandler): ClientStream;
  /** Takes nothing new, and closes in order once what is under way is over. */
  retire(): void;
  /** Closes at once; streams under way get no event, onClosed comes. */
  abort(): void;
  onSweep(nowMs: number): void;
}
