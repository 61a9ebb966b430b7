/**
 * What the peer may still send on each stream (RFC 9113 section 6.9): credit comes back as the stream's reader
 * takes the bytes, and is withheld while it is paused. The window of a stream whose reader keeps up grows, so
 * that one transfer is not bound by a round trip for each window; it shrinks once the reader has paused.
 *
 * Always: what may come, what is held and what is owed are the window that streams begin with, and the
 * stream's growth.
 */
import { type H2Limits, UNEVEN_BYTES } from '../exchange/limits.ts';
import { memoryAccount } from '../transport/memory-account.ts';
import { DEFAULT_WINDOW_BYTES } from './frame-types.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './h2-stream.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { StreamTable } from './stream-table.ts';

/** What a stream may have under way while memory is tight: it goes on, and cannot fill much. */
const TIGHT_WINDOW_BYTES = 64 * 1024 + UNEVEN_BYTES;

/** One stream that grew and then stalls must not crowd its connection: see ReceiveWindow. */
const LEAST_SHARERS = 8;

export class StreamCredit {
  /** What a stream's window begins with: the peer may use the default until it acknowledges ours. */
  #initialBytes: number;
  readonly #windowBytes: number;
  readonly #maxGrowthBytes: number;
  readonly #connection: ReceiveWindow;
  readonly #writer: FrameWriter;

  constructor(limits: H2Limits, connection: ReceiveWindow, writer: FrameWriter) {
    this.#windowBytes = limits.streamWindowBytes;
    const largestBytes = Math.min(
      limits.maxStreamWindowBytes,
      limits.connectionWindowBytes / LEAST_SHARERS + UNEVEN_BYTES,
    );
    this.#maxGrowthBytes = Math.max(0, largestBytes - limits.streamWindowBytes);
    this.#initialBytes = Math.max(DEFAULT_WINDOW_BYTES, limits.streamWindowBytes);
    this.#connection = connection;
    this.#writer = writer;
  }

  open(stream: H2Stream): void {
    stream.receiveWindow = this.#initialBytes;
  }

  /** Passed on to the stream's reader, which may have asked for a pause meanwhile. */
  delivered(stream: H2Stream, bytes: number): void {
    if (stream.isPaused) {
      stream.heldBytes += bytes;
      this.#connection.hold(bytes);
    } else this.give(stream, bytes);
  }

  /** Once half a window is owed, so that small frames do not cost an answer each. */
  give(stream: H2Stream, bytes: number): void {
    stream.owedBytes += bytes;
    this.#settle(stream, true);
  }

  /** The stream reads on: credit for what it held back. */
  release(stream: H2Stream): void {
    const bytes = stream.heldBytes;
    if (bytes === 0) return;
    stream.heldBytes = 0;
    stream.owedBytes += bytes;
    this.#shrink(stream, stream.owedBytes);
    if (!stream.hasPeerEnded) this.#settle(stream, false);
    this.#connection.letGo(bytes);
  }

  forget(stream: H2Stream): void {
    this.#connection.letGo(stream.heldBytes);
    stream.heldBytes = 0;
    this.#shrink(stream, stream.grownBytes);
  }

  onSettingsAck(streams: StreamTable): void {
    const change = this.#windowBytes - this.#initialBytes;
    if (change === 0) return;
    this.#initialBytes += change;
    for (const stream of streams.all()) stream.receiveWindow += change;
  }

  #settle(stream: H2Stream, mayGrow: boolean): void {
    const windowBytes = this.#windowBytes + stream.grownBytes;
    if (memoryAccount.tightCount > 0) this.#giveLittle(stream, Math.min(windowBytes, TIGHT_WINDOW_BYTES));
    else if (stream.owedBytes * 2 >= windowBytes) {
      if (mayGrow) this.#grow(stream);
      this.#send(stream, stream.owedBytes);
    }
  }

  #send(stream: H2Stream, bytes: number): void {
    stream.receiveWindow += bytes;
    stream.owedBytes -= bytes;
    this.#writer.windowUpdate(stream.id, bytes);
  }

  #giveLittle(stream: H2Stream, windowBytes: number): void {
    const bytes = Math.min(stream.owedBytes, windowBytes - stream.receiveWindow);
    if (bytes * 2 >= windowBytes) this.#send(stream, bytes);
  }

  /** Twice the window, unless what is still to come fits into what may come. */
  #grow(stream: H2Stream): void {
    const { missingBytes, grownBytes } = stream;
    if (missingBytes >= 0 && missingBytes <= stream.receiveWindow) return;
    const more = Math.min(this.#windowBytes + grownBytes, this.#maxGrowthBytes - grownBytes);
    const total = memoryAccount.grownWindowBytes + more;
    if (more <= 0 || total > memoryAccount.maxGrownWindowBytes) return;
    memoryAccount.grownWindowBytes = total;
    stream.grownBytes += more;
    stream.owedBytes += more;
  }

  /** Takes growth back, of what the peer has no credit for. */
  #shrink(stream: H2Stream, atMostBytes: number): void {
    const bytes = Math.min(stream.grownBytes, atMostBytes);
    stream.grownBytes -= bytes;
    stream.owedBytes -= bytes;
    memoryAccount.grownWindowBytes -= bytes;
  }
}
