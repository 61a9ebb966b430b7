/**
 * What the peer may still send on the connection (RFC 9113 section 6.9). Credit comes back as soon as bytes
 * are passed on, so that a slow reader of one stream does not delay the others; what lies with paused streams
 * and what may come never exceed the window together, so that memory stays bounded.
 */
import { DEFAULT_WINDOW_BYTES } from './frame-types.ts';
import type { FrameWriter } from './frame-writer.ts';

/** Far enough from all, since the streams under way may come to be paused too. */
const CROWDED_SHARE = 0.25;

export class ReceiveWindow {
  #windowBytes: number = DEFAULT_WINDOW_BYTES;
  #heldBytes = 0;
  readonly #targetBytes: number;
  readonly #writer: FrameWriter;

  constructor(targetBytes: number, writer: FrameWriter) {
    this.#targetBytes = targetBytes;
    this.#writer = writer;
  }

  /** Paused streams hold so much that those which join them may come to wait. */
  get isCrowded(): boolean {
    return this.#heldBytes > this.#targetBytes * CROWDED_SHARE;
  }

  /** For tests and a look from outside. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** False: the peer sends more than it may. */
  take(bytes: number): boolean {
    this.#windowBytes -= bytes;
    return this.#windowBytes >= 0;
  }

  /** Delivered to a stream that is paused. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  letGo(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes -= bytes;
    this.update();
  }

  /** Gives credit once half of what could be given is owed. */
  update(): void {
    const allowed = this.#targetBytes - this.#heldBytes;
    const owed = allowed - this.#windowBytes;
    if (owed <= 0 || owed < allowed / 2) return;
    this.#windowBytes += owed;
    this.#writer.windowUpdate(0, owed);
  }
}
