/**
 * What each frame does, and what each wrong one is answered: RFC 9113 section 6 in its order. Stream errors
 * reset the stream, connection errors end the connection.
 */
import type { H2Limits } from '../exchange/limits.ts';
import { FieldBlock } from './field-block.ts';
import { type FrameSink, SKIP_FRAME, TAKE_FRAME } from './frame-reader.ts';
import type { FrameTarget } from './frame-target.ts';
import {
  FLAG_ACK,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FLAG_PADDED,
  FLAG_PRIORITY,
  FLOW_CONTROL_ERROR,
  FRAME_CONTINUATION,
  FRAME_DATA,
  FRAME_GOAWAY,
  FRAME_HEADERS,
  FRAME_PING,
  FRAME_PRIORITY,
  FRAME_PUSH_PROMISE,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_SIZE_ERROR,
  FRAME_WINDOW_UPDATE,
  MAX_INT31,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from './frame-types.ts';
import type { H2Stream } from './h2-stream.ts';
import { framingError, protocolFailure } from './message-errors.ts';
import { RateLimit } from './rate-limit.ts';
import { SETTING_BYTES } from './settings.ts';

/** WINDOW_UPDATE that no DATA of ours explains: so many times the rate of control frames. */
const UPDATE_RATE_FACTOR = 10;

type Verdict = typeof TAKE_FRAME | typeof SKIP_FRAME;

export class FrameHandler implements FrameSink {
  readonly block = new FieldBlock();
  readonly #connection: FrameTarget;
  readonly #limits: H2Limits;
  readonly #control: RateLimit;
  readonly #updates: RateLimit;
  /** Of the DATA frame under way. Null: what is left of it is discarded. */
  #stream: H2Stream | null = null;
  #isEndStream = false;
  /** The pad length field is still to come. */
  #wantsPadLength = false;
  #dataBytes = 0;

  constructor(connection: FrameTarget, limits: H2Limits, nowMs: number) {
    this.#connection = connection;
    this.#limits = limits;
    this.#control = new RateLimit(limits.maxControlFramesPerSecond, nowMs);
    this.#updates = new RateLimit(limits.maxControlFramesPerSecond * UPDATE_RATE_FACTOR, nowMs);
  }

  /** The stream is gone: the rest of its frame is discarded. */
  forget(stream: H2Stream): void {
    if (this.#stream === stream) this.#stream = null;
  }

  onFrameHeader(type: number, flags: number, streamId: number, length: number): Verdict {
    const connection = this.#connection;
    if (length > this.#limits.maxFrameBytes) return this.#fail(FRAME_SIZE_ERROR, 'a frame is too large');
    if (this.block.streamId !== 0 && (type !== FRAME_CONTINUATION || streamId !== this.block.streamId)) {
      return this.#fail(PROTOCOL_ERROR, 'a field block is interrupted');
    }
    if (!connection.peer.isKnown && (type !== FRAME_SETTINGS || (flags & FLAG_ACK) !== 0)) {
      return this.#fail(PROTOCOL_ERROR, 'SETTINGS do not come first');
    }
    if (type === FRAME_DATA) return this.#onDataHeader(flags, streamId, length);
    if (type > FRAME_CONTINUATION) {
      this.#countControl();
      return SKIP_FRAME;
    }
    return this.#checkShape(type, flags, streamId, length);
  }

  #checkShape(type: number, flags: number, streamId: number, length: number): Verdict {
    const isOfConnection = type === FRAME_SETTINGS || type === FRAME_PING || type === FRAME_GOAWAY;
    if (type !== FRAME_WINDOW_UPDATE && isOfConnection !== (streamId === 0)) {
      return this.#fail(PROTOCOL_ERROR, 'a frame is on the wrong stream');
    }
    if (type === FRAME_PUSH_PROMISE) return this.#fail(PROTOCOL_ERROR, 'push is not enabled');
    if (type === FRAME_CONTINUATION && this.block.streamId === 0) {
      return this.#fail(PROTOCOL_ERROR, 'CONTINUATION follows no HEADERS');
    }
    if (type === FRAME_PRIORITY) return this.#onPriority(streamId, length);
    return hasShape(type, flags, length)
      ? TAKE_FRAME
      : this.#fail(FRAME_SIZE_ERROR, 'a frame has a wrong size');
  }

  onFrame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case FRAME_HEADERS:
        this.#onHeaders(flags, streamId, buffer, start, end);
        break;
      case FRAME_CONTINUATION:
        this.#onContinuation(flags, buffer, start, end);
        break;
      case FRAME_RST_STREAM:
        this.#onResetStream(streamId, buffer.readUInt32BE(start));
        break;
      case FRAME_SETTINGS:
        if (!this.#countControl()) return;
        if ((flags & FLAG_ACK) !== 0) this.#connection.onSettingsAck();
        else this.#connection.onSettings(buffer, start, end);
        break;
      case FRAME_PING:
        if (!this.#countControl()) return;
        if ((flags & FLAG_ACK) !== 0) this.#connection.onPingAck(buffer, start);
        else this.#connection.writer.ping(true, buffer, start);
        break;
      case FRAME_GOAWAY:
        if (!this.#countControl()) return;
        this.#connection.onGoaway(buffer.readUInt32BE(start) & MAX_INT31, buffer.readUInt32BE(start + 4));
        break;
      case FRAME_WINDOW_UPDATE:
        this.#onWindowUpdate(streamId, buffer.readUInt32BE(start) & MAX_INT31);
        break;
    }
  }

  /** The whole frame counts, padding included, whatever becomes of it (RFC 9113 section 6.9.1). */
  #onDataHeader(flags: number, streamId: number, length: number): Verdict {
    const connection = this.#connection;
    if (streamId === 0) return this.#fail(PROTOCOL_ERROR, 'DATA is on stream 0');
    if ((flags & FLAG_PADDED) !== 0 && length === 0)
      return this.#fail(FRAME_SIZE_ERROR, 'a pad length is missing');
    if (!connection.receive.take(length))
      return this.#fail(FLOW_CONTROL_ERROR, 'the connection window is exceeded');
    const isEnd = (flags & FLAG_END_STREAM) !== 0;
    if (length === 0 && !isEnd && !this.#countControl()) return SKIP_FRAME;
    const stream = connection.streams.get(streamId);
    if (stream === undefined) connection.onFrameOfNoStream(streamId);
    if (stream === undefined || !this.#acceptsData(stream, length)) {
      connection.receive.update();
      return SKIP_FRAME;
    }
    stream.receiveWindow -= length;
    this.#stream = stream;
    this.#isEndStream = isEnd;
    this.#wantsPadLength = (flags & FLAG_PADDED) !== 0;
    this.#dataBytes = length;
    return TAKE_FRAME;
  }

  #acceptsData(stream: H2Stream, length: number): boolean {
    if (stream.hasPeerEnded) this.#streamError(stream, STREAM_CLOSED, 'DATA follows END_STREAM');
    else if (length > stream.receiveWindow) {
      this.#streamError(stream, FLOW_CONTROL_ERROR, 'the stream window is exceeded');
    } else return this.#connection.acceptsData(stream);
    return false;
  }

  onDataPayload(buffer: Buffer, start: number, end: number, isFrameEnd: boolean): void {
    let at = start;
    if (this.#wantsPadLength && at < end) {
      this.#wantsPadLength = false;
      const padBytes = buffer[at++]!;
      if (padBytes >= this.#dataBytes) {
        this.#fail(PROTOCOL_ERROR, 'padding exceeds its frame');
        return;
      }
      this.#dataBytes -= 1 + padBytes;
      if (this.#dataBytes === 0 && !this.#isEndStream && !this.#countControl()) return;
    }
    const dataEnd = Math.min(end, at + this.#dataBytes);
    this.#dataBytes -= dataEnd - at;
    const stream = this.#stream;
    const isEnd = isFrameEnd && this.#isEndStream;
    if (stream !== null) {
      const padding = end - start - (dataEnd - at);
      if (padding > 0 && !isEnd) this.#connection.credit.give(stream, padding);
      if (isEnd) this.#stream = null;
      // Told by the frame's header, before a part of it completes the body for somebody behind.
      const isTooLong = stream.missingBytes >= 0 && dataEnd - at + this.#dataBytes > stream.missingBytes;
      if (isTooLong) this.#connection.failBodyLength(stream);
      else if (dataEnd > at || isEnd) this.#connection.onBody(stream, buffer, at, dataEnd, isEnd);
    }
    this.#connection.receive.update();
  }

  /** Where it is worth a stream error, of a stream that exists; else of the connection. */
  #onPriority(streamId: number, length: number): Verdict {
    if (!this.#countControl() || length === 5) return SKIP_FRAME;
    const stream = this.#connection.streams.get(streamId);
    if (stream === undefined) return this.#fail(FRAME_SIZE_ERROR, 'PRIORITY has a wrong size');
    this.#streamError(stream, FRAME_SIZE_ERROR, 'PRIORITY has a wrong size');
    return SKIP_FRAME;
  }

  #onHeaders(flags: number, streamId: number, buffer: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & FLAG_PADDED) !== 0) to -= buffer[from++]!;
    if ((flags & FLAG_PRIORITY) !== 0) from += 5;
    if (from > to) {
      this.#fail(PROTOCOL_ERROR, 'padding exceeds its frame');
      return;
    }
    const isEnd = (flags & FLAG_END_STREAM) !== 0;
    if ((flags & FLAG_END_HEADERS) !== 0) {
      this.#connection.onFieldBlock(streamId, isEnd, buffer, from, to);
      return;
    }
    if (from === to && !this.#countControl()) return;
    this.block.begin(streamId, isEnd, this.#connection.nowMs());
    this.#checkLimit(this.block.append(buffer, from, to, this.#limits));
  }

  #onContinuation(flags: number, buffer: Buffer, start: number, end: number): void {
    const block = this.block;
    if (start === end && !this.#countControl()) return;
    const isWithin = this.#checkLimit(block.continue(buffer, start, end, this.#limits));
    if (!isWithin || (flags & FLAG_END_HEADERS) === 0) return;
    const { streamId, isEndStream, length } = block;
    this.#connection.onFieldBlock(streamId, isEndStream, block.take(), 0, length);
  }

  #checkLimit(exceeded: ReturnType<FieldBlock['append']>): boolean {
    if (exceeded !== null) this.#connection.failLimit(exceeded);
    return exceeded === null;
  }

  #onResetStream(streamId: number, code: number): void {
    const stream = this.#connection.streams.get(streamId);
    if (stream !== undefined) this.#connection.onStreamReset(stream, code);
    else if (this.#connection.isIdle(streamId)) this.#fail(PROTOCOL_ERROR, 'RST_STREAM is on an idle stream');
    else this.#countControl();
  }

  #onWindowUpdate(streamId: number, increment: number): void {
    const connection = this.#connection;
    if (!this.#countUpdate()) return;
    if (streamId === 0) {
      if (increment === 0) this.#fail(PROTOCOL_ERROR, 'a window increment is 0');
      else if (!connection.sender.addCredit(increment))
        this.#fail(FLOW_CONTROL_ERROR, 'the window overflows');
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) {
      if (connection.isIdle(streamId)) this.#fail(PROTOCOL_ERROR, 'WINDOW_UPDATE is on an idle stream');
    } else if (increment === 0) {
      this.#streamError(stream, PROTOCOL_ERROR, 'a window increment is 0');
    } else if (stream.sendWindow + increment > MAX_INT31) {
      this.#streamError(stream, FLOW_CONTROL_ERROR, 'the window overflows');
    } else connection.sender.addStreamCredit(stream, increment);
  }

  /** Paid for by our DATA, or within a generous rate; else it counts like other control frames. */
  #countUpdate(): boolean {
    const sender = this.#connection.sender;
    if (sender.updatesOwed > 0) {
      sender.updatesOwed--;
      return true;
    }
    return this.#updates.take(this.#connection.nowMs()) || this.#countControl();
  }

  #countControl(): boolean {
    if (this.#control.take(this.#connection.nowMs())) return true;
    this.#connection.failLimit('control_frames');
    return false;
  }

  #streamError(stream: H2Stream, code: number, reason: string): void {
    this.#connection.streamError(stream, code, reason, protocolFailure(framingError(reason)));
  }

  #fail(code: number, reason: string): typeof SKIP_FRAME {
    this.#connection.fail(code, reason);
    return SKIP_FRAME;
  }
}

function hasShape(type: number, flags: number, length: number): boolean {
  switch (type) {
    case FRAME_HEADERS: {
      const least = ((flags & FLAG_PADDED) !== 0 ? 1 : 0) + ((flags & FLAG_PRIORITY) !== 0 ? 5 : 0);
      return length >= least;
    }
    case FRAME_RST_STREAM:
    case FRAME_WINDOW_UPDATE:
      return length === 4;
    case FRAME_SETTINGS:
      return (flags & FLAG_ACK) !== 0 ? length === 0 : length % SETTING_BYTES === 0;
    case FRAME_PING:
      return length === 8;
    case FRAME_GOAWAY:
      return length >= 8;
    default:
      return true;
  }
}
