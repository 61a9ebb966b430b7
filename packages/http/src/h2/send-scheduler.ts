/**
 * Who may send DATA: the connection's window, and the ring of streams that have bytes queued and credit of
 * their own, served by a few frames each in turn (RFC 9113 section 5.2).
 */
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_INT31 } from './frame-types.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { H2Stream } from './h2-stream.ts';
import type { PeerSettings } from './settings.ts';
import type { StreamTable } from './stream-table.ts';

/** Our frames are no larger, whatever the peer takes: streams take turns. */
const MAX_DATA_BYTES = DEFAULT_FRAME_BYTES;
/**
 * What a stream sends before the next has its turn: whoever receives it passes it on in one write
 * (`two-hop-mtls-64k`).
 */
const TURN_FRAMES = 4;
/** WINDOW_UPDATE frames that a DATA frame pays for, and how many may be owed: eager peers send two. */
const UPDATES_PER_FRAME = 4;
const MAX_UPDATES_OWED = 65_536;

export interface SendOwner {
  /** END_STREAM of the stream is written. */
  onEndSent(stream: H2Stream): void;
  /** The stream's queue has gone, and its trailers follow; they end it. */
  sendQueuedTrailers(stream: H2Stream): void;
}

export class SendScheduler {
  windowBytes: number = DEFAULT_WINDOW_BYTES;
  /** WINDOW_UPDATE frames that the peer may send without being counted. */
  updatesOwed = 64;
  readonly #writer: FrameWriter;
  readonly #owner: SendOwner;
  readonly #peer: PeerSettings;
  /** The next to be served; the ring is linked by the streams themselves. */
  #next: H2Stream | null = null;
  #initialBytes: number = DEFAULT_WINDOW_BYTES;
  #isServing = false;
  #turnFrames = 0;

  constructor(writer: FrameWriter, peer: PeerSettings, owner: SendOwner) {
    this.#writer = writer;
    this.#peer = peer;
    this.#owner = owner;
  }

  get isWaiting(): boolean {
    return this.#next !== null;
  }

  /** Sends what may go at once; gives where it stopped. END_STREAM rides on the last frame. */
  send(stream: H2Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): number {
    let at = start;
    while (at < end && this.#next === null && !this.#writer.isBlocked) {
      const bytes = this.#fitting(stream, end - at);
      if (bytes <= 0) break;
      this.#spend(stream, bytes);
      this.#writer.data(stream.id, buffer, at, at + bytes, isEnd && at + bytes === end);
      at += bytes;
    }
    return at;
  }

  /** END_STREAM after all has been sent: on the last frame where it has not left yet. */
  sendEnd(stream: H2Stream): void {
    if (!this.#writer.endOpenFrame(stream.id)) this.#writer.data(stream.id, NO_BYTES, 0, 0, true);
  }

  /** The stream has something queued, and may have credit. */
  enqueue(stream: H2Stream): void {
    if (stream.isInRing || (stream.sendWindow <= 0 && stream.queuedBytes > 0)) return;
    stream.isInRing = true;
    const next = this.#next;
    if (next === null) {
      stream.ringNext = stream.ringPrevious = stream;
      this.#next = stream;
      return;
    }
    stream.ringNext = next;
    stream.ringPrevious = next.ringPrevious;
    next.ringPrevious!.ringNext = stream;
    next.ringPrevious = stream;
  }

  remove(stream: H2Stream): void {
    if (!stream.isInRing) return;
    stream.isInRing = false;
    if (stream.ringNext === stream) this.#next = null;
    else {
      if (this.#next === stream) this.#next = stream.ringNext;
      stream.ringPrevious!.ringNext = stream.ringNext;
      stream.ringNext!.ringPrevious = stream.ringPrevious;
    }
    stream.ringNext = stream.ringPrevious = null;
  }

  open(stream: H2Stream): void {
    stream.sendWindow = this.#initialBytes;
  }

  /**
   * What streams begin with, as the peer's SETTINGS say; those under way change with it, and may become
   * negative. False: one would overflow (RFC 9113 section 6.9.2).
   */
  setInitialWindow(bytes: number, streams: StreamTable): boolean {
    const change = bytes - this.#initialBytes;
    if (change === 0) return true;
    this.#initialBytes = bytes;
    for (const stream of streams.all()) {
      if (stream.sendWindow + change > MAX_INT31) return false;
      stream.sendWindow += change;
      if (change > 0 && stream.queuedBytes > 0) this.enqueue(stream);
    }
    return true;
  }

  addStreamCredit(stream: H2Stream, bytes: number): void {
    stream.sendWindow += bytes;
    if (stream.queuedBytes > 0) this.enqueue(stream);
  }

  /** False: the window would exceed 2^31-1 (RFC 9113 section 6.9.1). */
  addCredit(bytes: number): boolean {
    if (this.windowBytes + bytes > MAX_INT31) return false;
    this.windowBytes += bytes;
    return true;
  }

  /** Serves the ring while there is credit and the transport takes it. Events of streams may come of it. */
  serve(nowMs: number): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      while (this.#next !== null && !this.#writer.isBlocked) {
        if (this.windowBytes <= 0 && this.#next.queuedBytes > 0 && !this.#skipToFree()) break;
        this.#serveOne(this.#next, nowMs);
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** Without credit of the connection only a stream without bytes, with trailers to come, can go on. */
  #skipToFree(): boolean {
    const first = this.#next!;
    for (let stream = first.ringNext!; stream !== first; stream = stream.ringNext!) {
      if (stream.queuedBytes > 0) continue;
      this.#next = stream;
      return true;
    }
    return false;
  }

  #serveOne(stream: H2Stream, nowMs: number): void {
    const bytes = this.#fitting(stream, stream.queuedBytes);
    if (bytes > 0) {
      const isLast = bytes === stream.queuedBytes && stream.hasEnded && !stream.hasQueuedTrailers;
      this.#spend(stream, bytes);
      this.#writer.queuedData(stream.id, stream.queue!, bytes, isLast);
      stream.progressMs = nowMs;
    }
    if (stream.queuedBytes > 0) {
      if (stream.sendWindow <= 0) this.#leaveRing(stream);
      else if (++this.#turnFrames >= TURN_FRAMES) {
        this.#turnFrames = 0;
        this.#next = stream.ringNext;
      }
      return;
    }
    this.#leaveRing(stream);
    if (stream.hasQueuedTrailers) this.#owner.sendQueuedTrailers(stream);
    else if (!stream.hasEnded) stream.queueDrained();
    else {
      if (bytes <= 0) this.sendEnd(stream);
      this.#owner.onEndSent(stream);
    }
  }

  #leaveRing(stream: H2Stream): void {
    this.#turnFrames = 0;
    this.remove(stream);
  }

  #fitting(stream: H2Stream, bytes: number): number {
    const window = Math.min(stream.sendWindow, this.windowBytes);
    return Math.min(bytes, window, MAX_DATA_BYTES, this.#peer.maxFrameBytes);
  }

  #spend(stream: H2Stream, bytes: number): void {
    stream.sendWindow -= bytes;
    this.windowBytes -= bytes;
    if (this.updatesOwed < MAX_UPDATES_OWED) this.updatesOwed += UPDATES_PER_FRAME;
  }
}

const NO_BYTES: Buffer = Buffer.alloc(0);
