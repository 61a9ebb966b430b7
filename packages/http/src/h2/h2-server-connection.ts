/**
 * The server's end of an HTTP/2 connection (RFC 9113): requests in, responses out. A malformed request is
 * reset with PROTOCOL_ERROR (section 8.1.1); one that is only too large is answered.
 */
import type {
  MessageError,
  ServerConnection,
  ServerConnectionHandler,
  StreamFailure,
} from '../exchange/exchange.ts';
import type { ServerConnectionOptions } from '../exchange/limits.ts';
import { NO_ROOM } from '../h1/write-head.ts';
import { HPACK_ERROR, HPACK_TOO_LARGE } from '../hpack/hpack-decoder.ts';
import { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import type { Transport, TransportError } from '../transport/transport.ts';
import { RESET_BY_US } from './closed-streams.ts';
import { h2FieldErrors } from './field-errors.ts';
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  MAX_INT31,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frame-types.ts';
import { H2Connection } from './h2-connection.ts';
import { H2ServerStream } from './h2-server-stream.ts';
import type { H2Stream } from './h2-stream.ts';
import {
  bodyLengthMismatch,
  fieldsOnTunnel,
  framingError,
  headTooLarge,
  protocolFailure,
  trailersWithoutEnd,
} from './message-errors.ts';
import { RateLimit } from './rate-limit.ts';
import { readRequestFields } from './read-request-fields.ts';
import { readTrailerFields } from './read-trailer-fields.ts';
import { writeResponseFields } from './write-response-fields.ts';

/** A stream that lived longer before its client reset it is no rapid reset. */
const RAPID_RESET_MS = 1_000;
/** Output that the client does not read, above which its requests are not read either. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** One at a time is read, by any connection. */
const head = new RequestHead();
const section = new FieldSection();

export class H2ServerConnection extends H2Connection implements ServerConnection {
  readonly isServer = true;
  readonly transport: Transport;
  readonly #handler: ServerConnectionHandler;
  readonly #lingerMs: number;
  readonly #spare: H2ServerStream[] = [];
  readonly #resets: RateLimit;
  #prefaceBytes = 0;
  /** The last id that was used, and the last one that is or was served. */
  #lastId = 0;
  #lastServedId = 0;
  #isDraining = false;
  /** The last GOAWAY is sent: streams above are ignored. */
  #isRefusing = false;
  /** The client takes no new streams from us, and opens none: it only waits for what is under way. */
  #isClientLeaving = false;

  constructor(transport: Transport, handler: ServerConnectionHandler, options: ServerConnectionOptions) {
    super(options, options.timeouts);
    this.transport = transport;
    this.writer.transport = transport;
    this.#handler = handler;
    this.#lingerMs = options.timeouts.lingerMs;
    this.#resets = new RateLimit(options.limits.h2.maxResetsPerSecond, options.nowMs());
    transport.handler = this;
    this.liveness.start(options.nowMs());
    this.sendSettings();
  }

  protected get lingerMs(): number {
    return this.#lingerMs;
  }

  protected get lastPeerStreamId(): number {
    return this.#lastServedId;
  }

  isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > this.#lastId;
  }

  protected readBytes(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (this.#prefaceBytes < CLIENT_PREFACE.length && at < end) {
      if (buffer[at++] !== CLIENT_PREFACE[this.#prefaceBytes++]) {
        this.fail(PROTOCOL_ERROR, 'the client preface is wrong');
        return;
      }
    }
    this.reader.read(buffer, at, end);
    if (!this.writer.isBlocked || this.isClosing) return;
    if (this.writer.pendingBytes < MAX_UNREAD_BYTES || this.isReadPaused) return;
    this.isReadPaused = true;
    this.transport.pause();
  }

  override onDrain(): void {
    super.onDrain();
    if (!this.isReadPaused) return;
    this.isReadPaused = false;
    this.transport.resume();
  }

  onFieldBlock(streamId: number, isEnd: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId) as H2ServerStream | undefined;
    if (stream !== undefined) {
      this.#onTrailers(stream, isEnd, this.decode(section, block, start, end));
      return;
    }
    if ((streamId & 1) === 0) {
      this.fail(PROTOCOL_ERROR, 'a client opens a stream with an even id');
      return;
    }
    const status = this.decode(head, block, start, end);
    if (status === HPACK_ERROR) return;
    if (streamId > this.#lastId) this.#onRequest(streamId, isEnd, status);
    else if (this.closed.wasSkipped(streamId)) this.fail(PROTOCOL_ERROR, 'a stream id is not increasing');
    else this.onFrameOfNoStream(streamId);
  }

  #onRequest(streamId: number, isEnd: boolean, status: number): void {
    const lowest = this.#lastId === 0 ? 1 : this.#lastId + 2;
    if (streamId > lowest) this.closed.skip(lowest, streamId);
    this.#lastId = streamId;
    if (this.#isRefusing) {
      this.closed.add(streamId, RESET_BY_US);
      return;
    }
    this.#lastServedId = streamId;
    if (this.activeStreams >= this.limits.h2.maxConcurrentStreams) {
      this.#refuse(streamId);
      return;
    }
    const error = this.#readHead(isEnd, status);
    if (error !== null && error.status === 400) {
      this.#rejectMalformed(streamId, isEnd, error);
      return;
    }
    const stream = this.#spare.pop() ?? new H2ServerStream(this);
    stream.begin(this.nowMs());
    this.activeStreams++;
    this.attach(stream, streamId);
    stream.hasPeerEnded = isEnd;
    if (error !== null) {
      stream.isBad = true;
      if (error === headTooLarge) this.observer.onLimit('field_section');
      this.#handler.onBadRequest(stream, error);
      return;
    }
    stream.isHeadRequest = head.isHead;
    stream.asksForTunnel = head.asksForTunnel;
    if (!stream.asksForTunnel) stream.missingBytes = head.contentLength;
    this.#handler.onRequest(stream, head, isEnd);
  }

  #readHead(isEnd: boolean, status: number): MessageError | null {
    if (status === HPACK_TOO_LARGE) return headTooLarge;
    const number = readRequestFields(head, isEnd, this.limits.head);
    return number === 0 ? null : h2FieldErrors[number]!;
  }

  /** Before it has seen our SETTINGS the client cannot know better (RFC 9113 section 5.1.2). */
  #refuse(streamId: number): void {
    this.writer.resetStream(streamId, REFUSED_STREAM);
    this.closed.add(streamId, RESET_BY_US);
    this.observer.onLimit('concurrent_streams');
    if (this.liveness.hasSettled) this.#countReset();
  }

  #rejectMalformed(streamId: number, isEnd: boolean, error: MessageError): void {
    this.observer.onProtocolError(PROTOCOL_ERROR, error.reason);
    this.writer.resetStream(streamId, PROTOCOL_ERROR);
    if (!isEnd) this.closed.add(streamId, RESET_BY_US);
    this.#handler.onBadRequest(null, error);
    this.#countReset();
  }

  #onTrailers(stream: H2ServerStream, isEnd: boolean, status: number): void {
    if (status === HPACK_ERROR) return;
    if (stream.hasPeerEnded) {
      const reason = 'HEADERS follow END_STREAM';
      this.streamError(stream, STREAM_CLOSED, reason, protocolFailure(framingError(reason)));
      return;
    }
    const error = this.#trailersError(stream, isEnd, status);
    if (error !== null) {
      this.streamError(stream, PROTOCOL_ERROR, error.reason, protocolFailure(error));
      return;
    }
    const isLast = this.endedByPeer(stream);
    if (!stream.isOver) stream.events?.onTrailers(section);
    if (isLast) this.recycle(stream);
  }

  #trailersError(stream: H2ServerStream, isEnd: boolean, status: number): MessageError | null {
    if (stream.isTunnel) return fieldsOnTunnel;
    if (!isEnd) return trailersWithoutEnd;
    if (stream.missingBytes > 0) return bodyLengthMismatch;
    if (status === HPACK_TOO_LARGE) {
      this.observer.onLimit('field_section');
      return headTooLarge;
    }
    const number = readTrailerFields(section);
    return number === 0 ? null : h2FieldErrors[number]!;
  }

  acceptsData(_stream: H2Stream): boolean {
    return true;
  }

  /** Writes a final or an interim head. False: it does not fit. */
  sendHead(
    stream: H2ServerStream,
    response: ResponseHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    const { writer, encoder } = this;
    let block = writer.reserve(FRAME_HEADER_BYTES);
    let end = writeResponseFields(encoder, block, writer.length + FRAME_HEADER_BYTES, response, edits, extra);
    if (end === NO_ROOM && writer.length > 0) {
      writer.flush();
      block = writer.reserve(FRAME_HEADER_BYTES);
      end = writeResponseFields(encoder, block, writer.length + FRAME_HEADER_BYTES, response, edits, extra);
    }
    if (end === NO_ROOM) return false;
    writer.headers(stream.id, end, isEnd, this.peer.maxFrameBytes);
    return true;
  }

  protected failureOfReset(_stream: H2Stream, code: number): StreamFailure {
    return { kind: 'reset', code };
  }

  protected failureOfClose(stream: H2Stream, error: TransportError | null): StreamFailure {
    return { kind: 'closed', isReused: stream.id > 1, hasResponse: false, error };
  }

  protected onResetCounted(stream: H2Stream, isByPeer: boolean): void {
    if (isByPeer && this.nowMs() - stream.openedMs >= RAPID_RESET_MS) return;
    this.#countReset();
  }

  #countReset(): void {
    if (!this.#resets.take(this.nowMs())) this.failLimit('resets');
  }

  protected onPeerSettings(): void {}

  onGoaway(_lastStreamId: number, _code: number): void {
    this.#isClientLeaving = true;
    this.askTurn();
  }

  /** RFC 9113 section 6.8: first a GOAWAY that refuses nothing, so that no request on its way is lost. */
  drain(): void {
    if (this.#isDraining || this.isClosing) return;
    this.#isDraining = true;
    this.writer.goaway(MAX_INT31, NO_ERROR, '');
    this.liveness.probeDrain(this.nowMs());
  }

  onDrainSeen(): void {
    this.#isRefusing = true;
    this.writer.goaway(this.#lastServedId, NO_ERROR, '');
    this.askTurn();
  }

  onIdleTimeout(): void {
    this.drain();
  }

  protected onDetached(): void {
    if (this.#isRefusing || this.#isClientLeaving) this.askTurn();
  }

  protected onQuiet(): void {
    if ((this.#isRefusing || this.#isClientLeaving) && this.activeStreams === 0) this.beginClose();
  }

  protected recycle(stream: H2Stream): void {
    this.keepSpare(this.#spare, stream as H2ServerStream);
  }

  protected onClosed(error: TransportError | null): void {
    this.#handler.onClose(error);
  }
}
