/**
 * An HTTP/2 connection, as both sides share it: the life of its streams, its errors and its end. Frames come
 * from frame-reader.ts by way of frame-handler.ts; what is sent is decided by send-scheduler.ts and gathered
 * by frame-writer.ts; deadlines are kept by liveness.ts.
 *
 * Handlers may call anything from within any event: after each event the state is looked at anew.
 *
 * Long because the life of a stream and that of its connection are one state machine.
 */
import type { AbortReason, StreamFailure } from '../exchange/exchange.ts';
import type { ConnectionObserver, HttpLimits, LimitName, ServerTimeouts } from '../exchange/limits.ts';
import { NO_ROOM } from '../h1/write-head.ts';
import { type DecodeLimits, HPACK_ERROR, HpackDecoder } from '../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { type FieldSection, MAX_HEADER_COUNT } from '../message/field-section.ts';
import { enterRead, leaveReadOfMany } from '../transport/outbox.ts';
import type { Transport, TransportError, TransportHandler } from '../transport/transport.ts';
import { ClosedStreams, RESET_BY_PEER, RESET_BY_US } from './closed-streams.ts';
import { fieldText } from './field-text.ts';
import { FrameHandler } from './frame-handler.ts';
import { FrameReader } from './frame-reader.ts';
import type { FrameTarget } from './frame-target.ts';
import {
  CANCEL,
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_HEADER_BYTES,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frame-types.ts';
import { FrameWriter } from './frame-writer.ts';
import type { H2Stream, StreamLink } from './h2-stream.ts';
import { Liveness, type LivenessSubject } from './liveness.ts';
import { bodyLengthMismatch, framingError, protocolFailure, windowKeptShut } from './message-errors.ts';
import { atTurnEnd, type TurnTask } from './output-turns.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendScheduler } from './send-scheduler.ts';
import { ownSettings, PeerSettings } from './settings.ts';
import { StreamCredit } from './stream-credit.ts';
import { StreamTable } from './stream-table.ts';
import { writeTrailerFields } from './write-trailer-fields.ts';

const resetCodes: Readonly<Record<AbortReason, number>> = {
  cancel: CANCEL,
  internal: INTERNAL_ERROR,
  refused: REFUSED_STREAM,
  protocol: PROTOCOL_ERROR,
};

/** Stream objects that are kept for reuse. */
const MAX_SPARE_STREAMS = 128;
/** `:method`, `:scheme`, `:authority`, `:path` and `:protocol`. */
const MAX_PSEUDO_FIELDS = 5;

export interface H2ConnectionOptions {
  readonly limits: HttpLimits;
  readonly observer: ConnectionObserver;
  nowMs(): number;
}

export abstract class H2Connection
  implements TransportHandler, TurnTask, FrameTarget, LivenessSubject, StreamLink
{
  readonly httpMajor = 2;
  readonly limits: HttpLimits;
  readonly observer: ConnectionObserver;
  readonly peer = new PeerSettings();
  readonly writer = new FrameWriter();
  readonly sender: SendScheduler;
  readonly receive: ReceiveWindow;
  readonly credit: StreamCredit;
  readonly streams = new StreamTable();
  readonly encoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  readonly closed = new ClosedStreams();
  activeStreams = 0;
  /** The peer does not read what we send, and is not read meanwhile. */
  isReadPaused = false;
  protected readonly reader: FrameReader;
  protected readonly frames: FrameHandler;
  protected readonly liveness: Liveness;
  /** Nothing is read or sent any more: the connection has failed or is about to close. */
  protected isClosing = false;
  readonly #options: H2ConnectionOptions;
  #isTurnAsked = false;
  #discardedBytes = 0;
  readonly #decodeLimits: DecodeLimits;

  constructor(options: H2ConnectionOptions, timeouts: ServerTimeouts | null) {
    const { limits } = options;
    this.#options = options;
    this.limits = limits;
    this.observer = options.observer;
    this.sender = new SendScheduler(this.writer, this.peer, this);
    this.receive = new ReceiveWindow(limits.h2.connectionWindowBytes, this.writer);
    this.credit = new StreamCredit(limits.h2, this.receive, this.writer);
    this.encoder = new HpackEncoder({ maxTableBytes: limits.h2.headerTableBytes });
    this.decoder = new HpackDecoder(limits.h2.headerTableBytes);
    this.frames = new FrameHandler(this, limits.h2, options.nowMs());
    this.reader = new FrameReader(this.frames);
    this.liveness = new Liveness(this, limits.h2, timeouts);
    this.#decodeLimits = {
      maxSectionBytes: limits.head.maxHeadBytes,
      maxCount: Math.min(MAX_HEADER_COUNT, limits.head.maxHeaderCount + MAX_PSEUDO_FIELDS),
    };
  }

  abstract readonly isServer: boolean;
  abstract get transport(): Transport;
  /** No frame but HEADERS and PRIORITY may have been sent on it yet. */
  abstract isIdle(streamId: number): boolean;
  /** A field block is complete; whatever its stream is, it must be decoded. */
  abstract onFieldBlock(streamId: number, isEnd: boolean, block: Buffer, start: number, end: number): void;
  /** May the stream get DATA at all? It answers what may not. */
  abstract acceptsData(stream: H2Stream): boolean;
  /** The peer has seen the first GOAWAY of a drain. */
  abstract onDrainSeen(): void;
  abstract onIdleTimeout(): void;
  abstract onGoaway(lastStreamId: number, code: number): void;
  /** The id to tell in GOAWAY. */
  protected abstract get lastPeerStreamId(): number;
  protected abstract failureOfReset(stream: H2Stream, code: number): StreamFailure;
  protected abstract failureOfClose(stream: H2Stream, error: TransportError | null): StreamFailure;
  /** The peer's END_STREAM, or a reset, ends a stream: counts what hostile peers do. */
  protected abstract onResetCounted(stream: H2Stream, isByPeer: boolean): void;
  /** Its turn at the end of a loop turn, before output leaves. */
  protected abstract onQuiet(): void;
  protected abstract onClosed(error: TransportError | null): void;
  protected abstract readBytes(buffer: Buffer, start: number, end: number): void;
  protected abstract onPeerSettings(): void;
  protected abstract recycle(stream: H2Stream): void;

  nowMs(): number {
    return this.#options.nowMs();
  }

  /** Our half of the preface (RFC 9113 section 3.4), and the connection's window. */
  protected sendSettings(): void {
    this.writer.settings(ownSettings(this.limits, this.isServer));
    this.liveness.onSettingsSent();
    this.receive.update();
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.isClosing) {
      this.#discard(end - start);
      return;
    }
    this.liveness.onBytes(this.nowMs());
    enterRead();
    try {
      this.readBytes(buffer, start, end);
    } finally {
      leaveReadOfMany();
    }
    if (this.sender.isWaiting) this.sender.serve(this.nowMs());
    if (this.writer.blockedControlBytes > this.limits.h2.maxQueuedControlBytes)
      this.failLimit('queued_control');
  }

  /** What still comes is read, so that no reset overtakes our last frames, but not for ever. */
  #discard(bytes: number): void {
    this.#discardedBytes += bytes;
    if (this.#discardedBytes > this.limits.maxDiscardedBytes) this.transport.pause();
  }

  onDrain(): void {
    this.writer.drained();
    this.liveness.onDrain(this.nowMs());
    if (this.sender.isWaiting) this.sender.serve(this.nowMs());
  }

  /** Without the peer's frames no stream can go on, whatever it has left to send. */
  onEnd(): void {
    if (this.isClosing) return;
    this.beginClose();
    this.abandon(null, null);
  }

  onClose(error: TransportError | null): void {
    this.isClosing = true;
    this.reader.stop();
    this.writer.discard();
    this.abandon(null, error);
    this.onClosed(error);
  }

  onTurnEnd(): void {
    this.#isTurnAsked = false;
    this.onQuiet();
  }

  onSweep(nowMs: number): void {
    if (this.isClosing) this.liveness.sweepClosing(nowMs, this.lingerMs);
    else this.liveness.sweep(nowMs, this.frames.block);
  }

  /** The peer takes nothing, or is gone: closed without a word. */
  cutOff(): void {
    this.isClosing = true;
    this.reader.stop();
    this.transport.abort();
  }

  /** How long the peer may take to close after us. */
  protected abstract get lingerMs(): number;

  /** Calls onQuiet() before this turn's output leaves. */
  askTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    atTurnEnd(this);
  }

  /** A connection error (RFC 9113 section 5.4.1). */
  fail(code: number, reason: string): void {
    if (this.isClosing) return;
    this.observer.onProtocolError(code, reason);
    this.#endWith(code, reason);
  }

  failLimit(name: LimitName, code: number = ENHANCE_YOUR_CALM): void {
    if (this.isClosing) return;
    this.observer.onLimit(name);
    this.#endWith(code, name);
  }

  #endWith(code: number, reason: string): void {
    this.writer.goaway(this.lastPeerStreamId, code, reason);
    this.beginClose();
    this.abandon(protocolFailure(framingError(reason)), null);
  }

  /** Sends what is gathered and half-closes; what still comes is dropped. */
  protected beginClose(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.reader.stop();
    this.liveness.onClosing(this.nowMs());
    this.writer.flush();
    this.transport.end();
  }

  /** Every stream breaks off: by `failure`, or because the connection closed. */
  protected abandon(failure: StreamFailure | null, error: TransportError | null): void {
    for (const stream of this.allStreams()) {
      // An event of another stream may have ended it.
      if (stream.isDetached) continue;
      this.detach(stream);
      stream.fail(failure ?? this.failureOfClose(stream, error));
      this.recycle(stream);
    }
  }

  abort(): void {
    this.isClosing = true;
    this.reader.stop();
    this.writer.discard();
    for (const stream of this.allStreams()) {
      this.detach(stream);
      stream.isOver = true;
      this.recycle(stream);
    }
    this.transport.abort();
  }

  protected allStreams(): H2Stream[] {
    return this.streams.all();
  }

  protected attach(stream: H2Stream, id: number): void {
    stream.id = id;
    this.sender.open(stream);
    this.credit.open(stream);
    this.streams.add(stream);
  }

  /** The stream counts no more; its object is recycled after its last event. */
  protected detach(stream: H2Stream): void {
    stream.isDetached = true;
    if (stream.id !== 0) this.streams.delete(stream);
    this.activeStreams--;
    this.sender.remove(stream);
    this.frames.forget(stream);
    this.credit.forget(stream);
    if (this.activeStreams === 0) this.liveness.onIdle(this.nowMs());
    this.onDetached(stream);
  }

  protected abstract onDetached(stream: H2Stream): void;

  protected keepSpare<T extends H2Stream>(spare: T[], stream: T): void {
    stream.release();
    if (spare.length < MAX_SPARE_STREAMS) spare.push(stream);
  }

  /** 0 or HPACK_TOO_LARGE; HPACK_ERROR where the connection has ended for it. */
  protected decode(section: FieldSection, block: Buffer, start: number, end: number): number {
    const out = fieldText(this.#decodeLimits.maxSectionBytes);
    const status = this.decoder.decode(block, start, end, section, out, 0, this.#decodeLimits);
    if (status === HPACK_ERROR) this.fail(COMPRESSION_ERROR, 'a field block cannot be decoded');
    return status;
  }

  /** DATA is not as long as Content-Length says (RFC 9113 section 8.1.1). */
  failBodyLength(stream: H2Stream): void {
    this.streamError(stream, PROTOCOL_ERROR, bodyLengthMismatch.reason, protocolFailure(bodyLengthMismatch));
  }

  onBody(stream: H2Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    if (stream.missingBytes >= 0) {
      stream.missingBytes -= end - start;
      if (isEnd && stream.missingBytes > 0) {
        this.failBodyLength(stream);
        return;
      }
    }
    const id = stream.id;
    if (isEnd) {
      const isLast = this.endedByPeer(stream);
      if (!stream.isOver) this.#lastBody(stream, buffer, start, end, isLast);
      if (isLast) this.recycle(stream);
      return;
    }
    if (!stream.isOver) stream.events?.onBody(buffer, start, end, false);
    if (stream.id === id && !stream.isOver) this.credit.delivered(stream, end - start);
  }

  #lastBody(stream: H2Stream, buffer: Buffer, start: number, end: number, isLast: boolean): void {
    if (isLast || stream.hasEnded) stream.isOver = true;
    stream.events?.onBody(buffer, start, end, true);
  }

  /** True: the exchange is over with it, and the stream is detached: recycle it after its last event. */
  protected endedByPeer(stream: H2Stream): boolean {
    stream.hasPeerEnded = true;
    if (this.isServer || stream.isTunnel) {
      if (!stream.hasSentEnd) return false;
    } else if (!stream.hasSentEnd) this.writer.resetStream(stream.id, NO_ERROR);
    this.detach(stream);
    return true;
  }

  /** Our END_STREAM is written. */
  onEndSent(stream: H2Stream): void {
    stream.hasSentEnd = true;
    if (!stream.hasPeerEnded) {
      if (!this.isServer || stream.isTunnel) return;
      // The rest of the request is of no interest (RFC 9113 section 8.1).
      this.writer.resetStream(stream.id, NO_ERROR);
      this.closed.add(stream.id, RESET_BY_US);
    }
    this.detach(stream);
    this.recycle(stream);
  }

  sendTrailers(stream: H2Stream, trailers: FieldSection): void {
    const { writer, encoder } = this;
    let block = writer.reserve(FRAME_HEADER_BYTES);
    let end = writeTrailerFields(encoder, block, writer.length + FRAME_HEADER_BYTES, trailers);
    if (end === NO_ROOM && writer.length > 0) {
      writer.flush();
      block = writer.reserve(FRAME_HEADER_BYTES);
      end = writeTrailerFields(encoder, block, writer.length + FRAME_HEADER_BYTES, trailers);
    }
    if (end === NO_ROOM) {
      this.abortStream(stream, 'internal');
      return;
    }
    writer.headers(stream.id, end, true, this.peer.maxFrameBytes);
    this.onEndSent(stream);
  }

  sendQueuedTrailers(stream: H2Stream): void {
    stream.hasQueuedTrailers = false;
    this.sendTrailers(stream, stream.trailers!);
  }

  abortStream(stream: H2Stream, reason: AbortReason): void {
    this.#reset(stream, resetCodes[reason]);
    stream.isOver = true;
    this.recycle(stream);
  }

  /** A stream error (RFC 9113 section 5.4.2). */
  streamError(stream: H2Stream, code: number, reason: string, failure: StreamFailure): void {
    this.observer.onProtocolError(code, reason);
    this.#reset(stream, code);
    stream.fail(failure);
    this.recycle(stream);
    this.onResetCounted(stream, false);
  }

  /** Streams with something to send whose window the peer has kept shut for so long. */
  resetStuck(nowMs: number): void {
    for (const stream of this.streams.all()) {
      if (stream.queuedBytes === 0 || (stream.sendWindow > 0 && this.sender.windowBytes > 0)) continue;
      if (nowMs - stream.progressMs < this.limits.h2.zeroWindowTimeoutMs) continue;
      this.observer.onLimit('zero_window');
      this.#reset(stream, CANCEL);
      stream.fail(protocolFailure(windowKeptShut));
      this.recycle(stream);
    }
  }

  #reset(stream: H2Stream, code: number): void {
    if (stream.id !== 0) {
      this.writer.resetStream(stream.id, code);
      if (!stream.hasPeerEnded) this.closed.add(stream.id, RESET_BY_US);
    }
    this.detach(stream);
  }

  onStreamReset(stream: H2Stream, code: number): void {
    this.closed.add(stream.id, RESET_BY_PEER);
    this.detach(stream);
    this.onResetCounted(stream, true);
    stream.fail(this.failureOfReset(stream, code));
    this.recycle(stream);
  }

  /** DATA or HEADERS on a stream that is not there (RFC 9113 section 5.1). */
  onFrameOfNoStream(streamId: number): void {
    if (this.isIdle(streamId)) {
      this.fail(PROTOCOL_ERROR, 'a frame is on an idle stream');
      return;
    }
    const by = this.closed.get(streamId);
    if (by === RESET_BY_US) return;
    if (by === RESET_BY_PEER) {
      this.writer.resetStream(streamId, STREAM_CLOSED);
      // Once: what follows may have been sent before the peer saw it (section 5.4.2).
      this.closed.add(streamId, RESET_BY_US);
    } else this.fail(STREAM_CLOSED, 'a frame is on a closed stream');
  }

  onSettings(buffer: Buffer, start: number, end: number): void {
    const code = this.peer.read(buffer, start, end, this.isServer);
    if (code !== NO_ERROR) {
      this.fail(code, 'SETTINGS hold a wrong value');
      return;
    }
    this.writer.settingsAck();
    this.encoder.setMaxTableBytes(this.peer.smallestTableBytes);
    this.encoder.setMaxTableBytes(this.peer.headerTableBytes);
    if (!this.sender.setInitialWindow(this.peer.initialWindowBytes, this.streams)) {
      this.fail(FLOW_CONTROL_ERROR, 'SETTINGS overflow a window');
      return;
    }
    this.liveness.onPeerSettings();
    this.onPeerSettings();
  }

  onSettingsAck(): void {
    if (!this.liveness.onSettingsAck()) return;
    this.decoder.onSettingsAcknowledged();
    this.credit.onSettingsAck(this.streams);
  }

  onPingAck(buffer: Buffer, start: number): void {
    this.liveness.onPingAck(buffer, start);
  }
}
