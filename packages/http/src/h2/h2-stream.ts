/**
 * A stream of either side: its state, its windows and its queue (RFC 9113 sections 5.1 and 5.2). The objects
 * are reused by their connection.
 */
import type { AbortReason, ServerStreamHandler, StreamFailure } from '../exchange/exchange.ts';
import { FieldSection } from '../message/field-section.ts';
import { SendQueue } from './send-queue.ts';

/** What a stream needs of its connection. */
export interface StreamLink {
  readonly isServer: boolean;
  readonly sender: {
    /** Gives where it stopped. */
    send(stream: H2Stream, buffer: Buffer, start: number, end: number, isEnd: boolean): number;
    sendEnd(stream: H2Stream): void;
    enqueue(stream: H2Stream): void;
  };
  readonly credit: { release(stream: H2Stream): void };
  nowMs(): number;
  onEndSent(stream: H2Stream): void;
  sendTrailers(stream: H2Stream, trailers: FieldSection): void;
  abortStream(stream: H2Stream, reason: AbortReason): void;
}

/** The events that both sides have. */
export type StreamEvents = ServerStreamHandler;

export abstract class H2Stream {
  /** 0 where none is under way, or a client has not sent its HEADERS yet. */
  id = 0;
  /** No event follows, and sends are dropped: the exchange is over, though bytes may be queued. */
  isOver = true;
  /** Its connection counts it no more. */
  isDetached = true;
  /** DATA both ways, and nothing else: after 2xx to CONNECT. */
  isTunnel = false;
  /** The peer's END_STREAM has come. */
  hasPeerEnded = false;
  /** Our end is asked for. */
  hasEnded = false;
  /** Our END_STREAM is written. */
  hasSentEnd = false;
  /** What we may send (negative after a SETTINGS change), and what the peer may. */
  sendWindow = 0;
  receiveWindow = 0;
  /** Delivered, and credit for it still owed; withheld while paused. */
  owedBytes = 0;
  heldBytes = 0;
  /** By which its receive window exceeds the one that streams begin with. */
  grownBytes = 0;
  /** Moves so much that others would wait behind it; of a client's connection. */
  isBulk = false;
  /** Payload either way since `movedSinceMs`. */
  movedBytes = 0;
  movedSinceMs = 0;
  isPaused = false;
  /** Of what content-length announces; -1 where it does not. */
  missingBytes = -1;
  openedMs = 0;
  /** When the queue began to wait, or last moved. */
  progressMs = 0;
  queue: SendQueue | null = null;
  hasQueuedTrailers = false;
  trailers: FieldSection | null = null;
  isInRing = false;
  ringNext: H2Stream | null = null;
  ringPrevious: H2Stream | null = null;
  protected readonly link: StreamLink;
  #needsDrain = false;

  constructor(link: StreamLink) {
    this.link = link;
  }

  abstract get events(): StreamEvents | null;
  /** Payload may be sent now: after the head, and where the message may have any. */
  protected abstract get canSendBody(): boolean;
  /** HEADERS have to wait, and what follows them too. */
  protected get isHeld(): boolean {
    return false;
  }
  /** A message without content (HEAD, 204, 304) drops it. */
  protected get isBodiless(): boolean {
    return false;
  }

  get queuedBytes(): number {
    return this.queue === null ? 0 : this.queue.length;
  }

  /** For another exchange. */
  begin(nowMs: number): void {
    this.isOver = this.isDetached = false;
    this.isTunnel = this.hasPeerEnded = this.hasEnded = this.hasSentEnd = false;
    this.owedBytes = this.heldBytes = this.grownBytes = 0;
    this.isPaused = this.isBulk = false;
    this.beginPeriod(nowMs);
    this.missingBytes = -1;
    this.openedMs = nowMs;
    this.progressMs = nowMs;
    this.#needsDrain = false;
  }

  beginPeriod(nowMs: number): void {
    this.movedBytes = 0;
    this.movedSinceMs = nowMs;
  }

  nowMs(): number {
    return this.link.nowMs();
  }

  /** Lets go of what an ended stream held. */
  release(): void {
    this.id = 0;
    this.isOver = true;
    this.hasQueuedTrailers = false;
    this.#needsDrain = false;
    if (this.queuedBytes > 0) this.queue!.clear();
  }

  sendBody(buffer: Buffer, start: number, end: number, isEnd: boolean): boolean {
    if (this.isOver || this.hasEnded || !this.canSendBody) return true;
    const from = this.isBodiless ? end : start;
    if (isEnd) this.#end();
    if (this.isHeld || this.queuedBytes > 0) return this.#enqueue(buffer, from, end);
    const link = this.link;
    const at = from < end ? link.sender.send(this, buffer, from, end, isEnd) : end;
    if (at < end) return this.#enqueue(buffer, at, end);
    if (!isEnd) return true;
    // Where the last frame carried bytes of this call, END_STREAM went with it.
    if (from === end) link.sender.sendEnd(this);
    link.onEndSent(this);
    return true;
  }

  /** END_STREAM went with the head. */
  protected endWithHead(): void {
    this.#end();
    this.link.onEndSent(this);
  }

  sendTrailers(trailers: FieldSection): void {
    if (this.isOver || this.hasEnded || !this.canSendBody) return;
    if (this.isBodiless || this.isTunnel || trailers.count === 0) {
      this.sendBody(trailers.buffer, 0, 0, true);
      return;
    }
    this.#end();
    if (this.isHeld || this.queuedBytes > 0) {
      this.trailers ??= new FieldSection();
      this.trailers.copyFrom(trailers);
      this.hasQueuedTrailers = true;
      if (!this.isHeld) this.link.sender.enqueue(this);
    } else this.link.sendTrailers(this, trailers);
  }

  pause(): void {
    if (!this.isOver) this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused || this.isOver) return;
    this.isPaused = false;
    this.link.credit.release(this);
  }

  abort(reason: AbortReason): void {
    if (!this.isOver) this.link.abortStream(this, reason);
  }

  /** The queue has gone, and the message goes on. */
  queueDrained(): void {
    if (!this.#needsDrain || this.isOver) return;
    this.#needsDrain = false;
    this.events?.onDrain();
  }

  fail(failure: StreamFailure): void {
    if (this.isOver) return;
    this.isOver = true;
    this.events?.onAbort(failure);
  }

  #end(): void {
    this.hasEnded = true;
    // With the response, or with both directions of a tunnel.
    if (this.hasPeerEnded || (this.link.isServer && !this.isTunnel)) this.isOver = true;
  }

  #enqueue(buffer: Buffer, start: number, end: number): boolean {
    if (this.queuedBytes === 0) this.progressMs = this.link.nowMs();
    this.queue ??= new SendQueue();
    this.queue.append(buffer, start, end);
    if (!this.isHeld) this.link.sender.enqueue(this);
    // Whoever has nothing more to send waits for nothing.
    if (this.hasEnded) return true;
    this.#needsDrain = true;
    return false;
  }
}
