/**
 * What the peer may still send on each stream (RFC 9113 section 6.9): credit comes back as the stream's reader
 * takes the bytes, and is withheld while it is paused.
 */
import { DEFAULT_WINDOW_BYTES } from './frame-types.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './h2-stream.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { StreamTable } from './stream-table.ts';

export class StreamCredit {
  /** What a stream's window begins with: the peer may use the default until it acknowledges ours. */
  #initialBytes: number;
  readonly #windowBytes: number;
  readonly #connection: ReceiveWindow;
  readonly #writer: FrameWriter;

  constructor(windowBytes: number, connection: ReceiveWindow, writer: FrameWriter) {
    this.#windowBytes = windowBytes;
    this.#initialBytes = Math.max(DEFAULT_WINDOW_BYTES, windowBytes);
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
    if (stream.owedBytes * 2 < this.#windowBytes) return;
    stream.receiveWindow += stream.owedBytes;
    this.#writer.windowUpdate(stream.id, stream.owedBytes);
    stream.owedBytes = 0;
  }

  /** The stream reads on: credit for what it held back. */
  release(stream: H2Stream): void {
    const bytes = stream.heldBytes;
    if (bytes === 0) return;
    stream.heldBytes = 0;
    if (!stream.hasPeerEnded) this.give(stream, bytes);
    this.#connection.letGo(bytes);
  }

  forget(stream: H2Stream): void {
    this.#connection.letGo(stream.heldBytes);
    stream.heldBytes = 0;
  }

  onSettingsAck(streams: StreamTable): void {
    const change = this.#windowBytes - this.#initialBytes;
    if (change === 0) return;
    this.#initialBytes += change;
    for (const stream of streams.all()) stream.receiveWindow += change;
  }
}
