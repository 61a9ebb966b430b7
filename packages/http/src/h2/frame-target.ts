import type { StreamFailure } from '../exchange/exchange.ts';
import type { LimitName } from '../exchange/limits.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './h2-stream.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { SendScheduler } from './send-scheduler.ts';
import type { PeerSettings } from './settings.ts';
import type { StreamCredit } from './stream-credit.ts';
import type { StreamTable } from './stream-table.ts';

/** What frames act upon: the connection that they came on. */
export interface FrameTarget {
  readonly peer: PeerSettings;
  readonly writer: FrameWriter;
  readonly sender: SendScheduler;
  readonly receive: ReceiveWindow;
  readonly credit: StreamCredit;
  readonly streams: StreamTable;
  nowMs(): number;
  /** No frame but HEADERS and PRIORITY may have been sent on it yet. */
  isIdle(streamId: number): boolean;
  /** May the stream get DATA at all? It answers what may not. */
  acceptsData(stream: H2Stream): boolean;
  onBody(stream: H2Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): void;
  /** A field block is complete; whatever its stream is, it must be decoded. */
  onFieldBlock(streamId: number, isEnd: boolean, block: Buffer, start: number, end: number): void;
  onStreamReset(stream: H2Stream, code: number): void;
  /** DATA or HEADERS on a stream that is not there (RFC 9113 section 5.1). */
  onFrameOfNoStream(streamId: number): void;
  onSettings(buffer: Buffer, start: number, end: number): void;
  onSettingsAck(): void;
  onPingAck(buffer: Buffer, start: number): void;
  onGoaway(lastStreamId: number, code: number): void;
  failBodyLength(stream: H2Stream): void;
  /** A stream error (RFC 9113 section 5.4.2). */
  streamError(stream: H2Stream, code: number, reason: string, failure: StreamFailure): void;
  /** A connection error (RFC 9113 section 5.4.1). */
  fail(code: number, reason: string): void;
  failLimit(name: LimitName): void;
}
