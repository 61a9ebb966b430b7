/**
 * The client's end of an HTTP/2 connection (RFC 9113): requests out, responses in. Requests may be sent
 * before the connection stands: preface and SETTINGS go before the first.
 *
 * Long because requests, responses and the two ways to retire are one state machine.
 */
import type {
  ClientConnection,
  ClientConnectionOwner,
  ClientStream,
  ClientStreamHandler,
  MessageError,
  StreamFailure,
} from '../exchange/exchange.ts';
import type { ClientConnectionOptions } from '../exchange/limits.ts';
import { NO_ROOM } from '../h1/write-head.ts';
import { HPACK_ERROR, HPACK_TOO_LARGE } from '../hpack/hpack-decoder.ts';
import { FieldSection } from '../message/field-section.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { RequestHead } from '../message/request-head.ts';
import { ResponseHead } from '../message/response-head.ts';
import type { Transport, TransportError } from '../transport/transport.ts';
import { BulkStreams } from './bulk-streams.ts';
import { RESET_BY_PEER } from './closed-streams.ts';
import { h2FieldErrors } from './field-errors.ts';
import {
  CLIENT_PREFACE,
  ENHANCE_YOUR_CALM,
  FRAME_HEADER_BYTES,
  MAX_INT31,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frame-types.ts';
import { H2ClientStream } from './h2-client-stream.ts';
import { H2Connection } from './h2-connection.ts';
import type { H2Stream } from './h2-stream.ts';
import {
  bodyLengthMismatch,
  dataBeforeHead,
  extendedConnectUnsupported,
  fieldsOnTunnel,
  framingError,
  headTooLarge,
  protocolFailure,
  tooManyInterim,
  trailersWithoutEnd,
} from './message-errors.ts';
import { readResponseFields } from './read-response-fields.ts';
import { readTrailerFields } from './read-trailer-fields.ts';
import { writeRequestFields } from './write-request-fields.ts';

/** RFC 9113 section 6.5.2: until the peer says, it should take as many. */
const ASSUMED_STREAMS = 100;
/** Output that the server does not read, above which no more requests are begun. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** For the server to close after us. */
const LINGER_MS = 5_000;

const NO_BYTES: Buffer = Buffer.alloc(0);

/** One at a time is read, by any connection. */
const head = new ResponseHead();
const section = new FieldSection();

interface HeldRequest {
  readonly stream: H2ClientStream;
  readonly head: RequestHead;
  readonly edits: HeadEdits | null;
  readonly extra: FieldSection | null;
}

export class H2ClientConnection extends H2Connection implements ClientConnection {
  readonly isServer = false;
  readonly bulk: BulkStreams;
  protected readonly lingerMs: number = LINGER_MS;
  readonly #owner: ClientConnectionOwner;
  readonly #spare: H2ClientStream[] = [];
  /** Opened, without an id yet. */
  #unsent: H2ClientStream[] = [];
  #held: HeldRequest[] = [];
  /** Extended CONNECT that the peer does not take, to be told at the end of the turn. */
  #unsupported: H2ClientStream[] = [];
  #transport: Transport | null = null;
  #isConnected = false;
  #hasBegun = false;
  #nextId = 1;
  #isRetiring = false;
  #goawayId: number = MAX_INT31;
  #hasGrown = false;

  constructor(owner: ClientConnectionOwner, options: ClientConnectionOptions) {
    super(options, null);
    this.bulk = new BulkStreams(options.limits.h2.bulkBytes);
    this.#owner = owner;
  }

  /** Set by the dialer right after it began to connect. */
  get transport(): Transport {
    return this.#transport!;
  }

  set transport(transport: Transport) {
    this.#transport = transport;
    this.writer.transport = transport;
  }

  /** The dialer's word that the connection stands. */
  onConnect(): void {
    this.#isConnected = true;
    this.liveness.start(this.nowMs());
    this.#begin();
    this.#grow();
  }

  get capacity(): number {
    if (this.#isRetiring || this.isClosing) return 0;
    if (this.writer.isBlocked && this.writer.pendingBytes > MAX_UNREAD_BYTES) return 0;
    if (this.receive.isCrowded) return 0;
    const ours = this.limits.h2.maxConcurrentStreams;
    const allowed = this.peer.maxConcurrentStreams ?? (this.peer.isKnown ? ours : ASSUMED_STREAMS);
    const idsLeft = (MAX_INT31 - this.#nextId) / 2 + 1 - this.#unsent.length;
    return Math.max(0, Math.min(Math.min(allowed, ours) - this.activeStreams, idsLeft));
  }

  get bulkStreams(): number {
    return this.bulk.count;
  }

  open(handler: ClientStreamHandler): ClientStream {
    const stream = this.#spare.pop() ?? new H2ClientStream(this);
    stream.begin(this.nowMs());
    stream.handler = handler;
    stream.isReused = this.#nextId > 1;
    this.activeStreams++;
    this.#unsent.push(stream);
    return stream;
  }

  protected override allStreams(): H2Stream[] {
    return [...super.allStreams(), ...this.#unsent];
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.writer.raw(CLIENT_PREFACE);
    this.sendSettings();
  }

  /** False: it does not fit. */
  sendHead(
    stream: H2ClientStream,
    request: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
    isEnd: boolean,
  ): boolean {
    if (request.hasUpgrade && !request.isConnect && !this.peer.hasConnectProtocol) {
      this.#holdHead(stream, request, edits, extra);
      return true;
    }
    this.#begin();
    const { writer, encoder } = this;
    let block = writer.reserve(FRAME_HEADER_BYTES);
    let end = writeRequestFields(encoder, block, writer.length + FRAME_HEADER_BYTES, request, edits, extra);
    if (end === NO_ROOM && writer.length > 0) {
      writer.flush();
      block = writer.reserve(FRAME_HEADER_BYTES);
      end = writeRequestFields(encoder, block, writer.length + FRAME_HEADER_BYTES, request, edits, extra);
    }
    if (end === NO_ROOM) return false;
    writer.headers(this.#nextId, end, isEnd, this.peer.maxFrameBytes);
    this.#forgetUnsent(stream);
    this.attach(stream, this.#nextId);
    this.bulk.announced(stream, request.contentLength);
    this.#nextId += 2;
    if (this.#nextId > MAX_INT31) this.#startRetiring();
    return true;
  }

  /** Until the peer's SETTINGS say whether it takes extended CONNECT; where they do not, it fails. */
  #holdHead(
    stream: H2ClientStream,
    request: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
  ): void {
    stream.isHeadHeld = true;
    if (this.peer.isKnown) {
      this.#unsupported.push(stream);
      this.askTurn();
      return;
    }
    this.#begin();
    const kept = new RequestHead();
    kept.copyFrom(request);
    const keptExtra = extra === null ? null : new FieldSection();
    keptExtra?.copyFrom(extra!);
    this.#held.push({ stream, head: kept, edits, extra: keptExtra });
  }

  protected onPeerSettings(): void {
    const held = this.#held;
    this.#held = [];
    for (const { stream, head: request, edits, extra } of held) {
      if (!this.peer.hasConnectProtocol) this.#unsupported.push(stream);
      else this.#sendHeld(stream, request, edits, extra);
    }
    if (this.#unsupported.length > 0) this.askTurn();
    this.#grow();
  }

  #sendHeld(
    stream: H2ClientStream,
    request: RequestHead,
    edits: HeadEdits | null,
    extra: FieldSection | null,
  ): void {
    stream.isHeadHeld = false;
    const hasMore = stream.queuedBytes > 0 || stream.hasQueuedTrailers;
    const isEnd = stream.hasEnded && !hasMore;
    if (!this.sendHead(stream, request, edits, extra, isEnd)) this.#failUnsent(stream, headTooLarge);
    else if (isEnd) this.onEndSent(stream);
    else if (hasMore) this.sender.enqueue(stream);
  }

  #failUnsent(stream: H2ClientStream, error: MessageError): void {
    this.detach(stream);
    stream.fail(protocolFailure(error));
    this.recycle(stream);
  }

  #forgetUnsent(stream: H2ClientStream): void {
    const unsent = this.#unsent;
    if (unsent[unsent.length - 1] === stream) unsent.pop();
    else this.#unsent = unsent.filter((other) => other !== stream);
  }

  isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.#nextId;
  }

  protected readBytes(buffer: Buffer, start: number, end: number): void {
    this.reader.read(buffer, start, end);
  }

  acceptsData(stream: H2Stream): boolean {
    if ((stream as H2ClientStream).hasResponse) return true;
    this.streamError(stream, PROTOCOL_ERROR, dataBeforeHead.reason, protocolFailure(dataBeforeHead));
    return false;
  }

  override onBody(stream: H2Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.bulk.moved(stream, end - start);
    super.onBody(stream, buffer, start, end, isEnd);
  }

  override onSweep(nowMs: number): void {
    super.onSweep(nowMs);
    this.bulk.onSweep(nowMs, this.streams);
  }

  onFieldBlock(streamId: number, isEnd: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId) as H2ClientStream | undefined;
    const isHead = stream !== undefined && !stream.hasResponse;
    const status = this.decode(isHead ? head : section, block, start, end);
    if (status === HPACK_ERROR) return;
    if (stream === undefined) {
      this.onFrameOfNoStream(streamId);
    } else if (stream.hasPeerEnded) {
      const reason = 'HEADERS follow END_STREAM';
      this.streamError(stream, STREAM_CLOSED, reason, protocolFailure(framingError(reason)));
    } else if (status === HPACK_TOO_LARGE) {
      this.observer.onLimit('field_section');
      this.streamError(stream, ENHANCE_YOUR_CALM, headTooLarge.reason, protocolFailure(headTooLarge));
    } else if (isHead) this.#onHead(stream, isEnd);
    else this.#onTrailers(stream, isEnd);
  }

  #onHead(stream: H2ClientStream, isEnd: boolean): void {
    const number = readResponseFields(head, isEnd, stream.wasHead, stream.wasConnect);
    const isInterim = number === 0 && head.status < 200;
    let error = number === 0 ? null : h2FieldErrors[number]!;
    if (isInterim && ++stream.interimCount > this.limits.maxInterimResponses) error = tooManyInterim;
    if (error !== null) {
      this.streamError(stream, PROTOCOL_ERROR, error.reason, protocolFailure(error));
      return;
    }
    if (isInterim) {
      stream.handler!.onInterim(head);
      return;
    }
    const { status } = head;
    stream.hasResponse = true;
    stream.isTunnel = stream.wasConnect && status < 300;
    const isBodiless = stream.wasHead || status === 204 || status === 304;
    if (!stream.isTunnel) stream.missingBytes = isBodiless ? 0 : head.contentLength;
    this.bulk.announced(stream, stream.missingBytes);
    const isLast = isEnd && this.endedByPeer(stream);
    if (isLast || (isEnd && stream.hasEnded && stream.isTunnel)) stream.isOver = true;
    stream.handler!.onResponse(head, isEnd);
    if (isLast) this.recycle(stream);
  }

  #onTrailers(stream: H2ClientStream, isEnd: boolean): void {
    const error = this.#trailersError(stream, isEnd);
    if (error !== null) {
      this.streamError(stream, PROTOCOL_ERROR, error.reason, protocolFailure(error));
      return;
    }
    this.endedByPeer(stream);
    stream.isOver = true;
    stream.handler!.onTrailers(section);
    this.recycle(stream);
  }

  #trailersError(stream: H2ClientStream, isEnd: boolean): MessageError | null {
    if (stream.isTunnel) return fieldsOnTunnel;
    if (!isEnd) return trailersWithoutEnd;
    if (stream.missingBytes > 0) return bodyLengthMismatch;
    const number = readTrailerFields(section);
    return number === 0 ? null : h2FieldErrors[number]!;
  }

  /**
   * A response as long as its content-length says is whole, though the server did not end it: node:http2 resets a
   * stream in place of END_STREAM where that has to wait for a window. Without content-length nobody can tell.
   */
  override onStreamReset(stream: H2Stream, code: number): void {
    const isWhole = (stream as H2ClientStream).hasResponse && stream.missingBytes === 0;
    if (code !== NO_ERROR || !isWhole) {
      super.onStreamReset(stream, code);
      return;
    }
    this.closed.add(stream.id, RESET_BY_PEER);
    stream.hasPeerEnded = true;
    this.detach(stream);
    stream.isOver = true;
    stream.events!.onBody(NO_BYTES, 0, 0, true);
    this.recycle(stream);
  }

  protected failureOfReset(_stream: H2Stream, code: number): StreamFailure {
    return code === REFUSED_STREAM ? { kind: 'refused' } : { kind: 'reset', code };
  }

  protected failureOfClose(stream: H2Stream, error: TransportError | null): StreamFailure {
    // A server that refuses our certificate says so after the handshake: still nothing was processed.
    const isUnestablished = !this.#isConnected || error?.phase === 'handshake';
    if (isUnestablished && error !== null) return { kind: 'connect', error };
    const { isReused, hasResponse } = stream as H2ClientStream;
    return { kind: 'closed', isReused, hasResponse, error };
  }

  protected onResetCounted(_stream: H2Stream, _isByPeer: boolean): void {}

  protected get lastPeerStreamId(): number {
    return 0;
  }

  /** Streams above the last id were not processed, and may be sent again (RFC 9113 section 6.8). */
  onGoaway(lastStreamId: number, _code: number): void {
    if (lastStreamId > this.#goawayId) {
      this.fail(PROTOCOL_ERROR, 'GOAWAY raises its last stream id');
      return;
    }
    this.#goawayId = lastStreamId;
    this.#startRetiring();
    for (const stream of this.allStreams()) {
      if (stream.isDetached || (stream.id !== 0 && stream.id <= lastStreamId)) continue;
      this.detach(stream);
      stream.fail({ kind: 'refused' });
      this.recycle(stream);
    }
  }

  retire(): void {
    this.#isRetiring = true;
    this.askTurn();
  }

  #startRetiring(): void {
    this.askTurn();
    if (this.#isRetiring) return;
    this.#isRetiring = true;
    this.#owner.onRetiring(this);
  }

  #grow(): void {
    this.#hasGrown = true;
    this.askTurn();
  }

  override onDrain(): void {
    super.onDrain();
    this.#grow();
  }

  protected override beginClose(): void {
    super.beginClose();
    this.#startRetiring();
  }

  onDrainSeen(): void {}

  onIdleTimeout(): void {}

  protected onDetached(stream: H2Stream): void {
    this.bulk.forget(stream);
    if (stream.id === 0) this.#forgetDetached(stream as H2ClientStream);
    this.#grow();
  }

  #forgetDetached(stream: H2ClientStream): void {
    this.#forgetUnsent(stream);
    if (!stream.isHeadHeld) return;
    this.#held = this.#held.filter((held) => held.stream !== stream);
    this.#unsupported = this.#unsupported.filter((other) => other !== stream);
  }

  protected onQuiet(): void {
    for (const stream of [...this.#unsupported]) {
      if (this.#unsupported.includes(stream)) this.#failUnsent(stream, extendedConnectUnsupported);
    }
    if (this.isClosing) return;
    if (this.#isRetiring && this.activeStreams === 0) {
      if (this.#hasBegun) this.writer.goaway(0, NO_ERROR, '');
      this.beginClose();
      return;
    }
    if (!this.#hasGrown) return;
    this.#hasGrown = false;
    if (this.capacity > 0) this.#owner.onCapacity(this);
  }

  protected recycle(stream: H2Stream): void {
    this.keepSpare(this.#spare, stream as H2ClientStream);
  }

  protected onClosed(error: TransportError | null): void {
    this.#owner.onClosed(this, error);
  }
}
