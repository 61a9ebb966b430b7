/**
 * What a captured connection says first. Decided by the bytes as they come; where none come in time the owner
 * is told so, and may start on the other side meanwhile, since some servers speak first: the bytes are watched
 * on, until the owner takes the connection over.
 */
import {
  type DetectedProtocol,
  detectProtocol,
  type Transport,
  type TransportError,
  type TransportHandler,
} from '@tulle/http';
import type { Clock } from '@tulle/runtime';

export type Decided = Exclude<DetectedProtocol, { readonly kind: 'undecided' }>;

export interface FirstBytesOwner {
  /** The bytes are all that came so far: [start,end) of `buffer`, valid during the call. */
  onDecided(protocol: Decided, buffer: Buffer, start: number, end: number): void;
  /** No byte came in time. Called once at most; onDecided may still follow. */
  onSilence(): void;
  /** It ended, or broke, before it was decided. */
  onGone(error: TransportError | null): void;
}

/** For the rest of what has begun: a lost segment comes again within it. No server waits for half a line. */
const UNDECIDED_MS = 3_000;

const nothing = Buffer.alloc(0);
const http: Decided = { kind: 'http' };
const opaque: Decided = { kind: 'opaque' };

export class FirstBytes implements TransportHandler {
  readonly #owner: FirstBytesOwner;
  readonly #clock: Clock;
  #bytes: Buffer = nothing;
  #best: Decided = opaque;
  #cancelTimer: () => void;
  /** The client has half-closed without a decision. */
  hasEnded = false;
  #isOver = false;

  constructor(transport: Transport, owner: FirstBytesOwner, options: { clock: Clock; waitMs: number }) {
    this.#owner = owner;
    this.#clock = options.clock;
    this.#cancelTimer = options.clock.schedule(options.waitMs, () => this.#silent());
    transport.handler = this;
  }

  /** Nothing more is told; gives what has come. */
  takeOver(): Buffer {
    this.#isOver = true;
    this.#cancelTimer();
    return this.#bytes;
  }

  onData(buffer: Buffer, start: number, end: number): void {
    if (this.#isOver) return;
    if (this.#bytes.length === 0) {
      const detected = detectProtocol(buffer, start, end);
      if (detected.kind === 'undecided') this.#keep(buffer.subarray(start, end), detected.best);
      else this.#decide(detected, buffer, start, end);
      return;
    }
    const bytes = Buffer.concat([this.#bytes, buffer.subarray(start, end)]);
    const detected = detectProtocol(bytes, 0, bytes.length);
    if (detected.kind === 'undecided') this.#keep(bytes, detected.best);
    else this.#decide(detected, bytes, 0, bytes.length);
  }

  onDrain(): void {}

  /** A half-close without a whole first line is no HTTP: the server hears of it. */
  onEnd(): void {
    if (this.#isOver) return;
    this.hasEnded = true;
    this.#decide(opaque, this.#bytes, 0, this.#bytes.length);
  }

  onClose(error: TransportError | null): void {
    if (this.#isOver) return;
    this.takeOver();
    this.#owner.onGone(error);
  }

  #keep(bytes: Buffer, best: 'http' | 'opaque'): void {
    if (this.#bytes.length === 0) {
      this.#cancelTimer();
      this.#cancelTimer = this.#clock.schedule(UNDECIDED_MS, () => this.#silent());
    }
    this.#bytes = Buffer.from(bytes);
    this.#best = best === 'http' ? http : opaque;
  }

  #silent(): void {
    if (this.#isOver) return;
    if (this.#bytes.length === 0) this.#owner.onSilence();
    else this.#decide(this.#best, this.#bytes, 0, this.#bytes.length);
  }

  #decide(protocol: Decided, buffer: Buffer, start: number, end: number): void {
    this.takeOver();
    this.#owner.onDecided(protocol, buffer, start, end);
  }
}
