/** The deadlines of an HTTP/2 connection; a sweep compares a few numbers (see H2Limits, ServerTimeouts). */
import type { ConnectionObserver, H2Limits, LimitName, ServerTimeouts } from '../exchange/limits.ts';
import type { Transport } from '../transport/transport.ts';
import type { FieldBlock } from './field-block.ts';
import { SETTINGS_TIMEOUT } from './frame-types.ts';
import type { FrameWriter } from './frame-writer.ts';

const ALIVE_PING: Buffer = Buffer.from('tullelif');
const DRAIN_PING: Buffer = Buffer.from('tulledrn');
/** Until a draining peer must have seen the first GOAWAY, where it does not answer the PING sent with it. */
const DRAIN_ANSWER_MS = 1_000;
/** A client has no ServerTimeouts. */
const CLIENT_HEAD_MS = 10_000;

/** What the deadlines look at, and what becomes of a connection that misses one. */
export interface LivenessSubject {
  readonly activeStreams: number;
  readonly isReadPaused: boolean;
  readonly writer: FrameWriter;
  readonly observer: ConnectionObserver;
  readonly transport: Transport;
  failLimit(name: LimitName, code?: number): void;
  /** Closed without a word. */
  cutOff(): void;
  resetStuck(nowMs: number): void;
  onDrainSeen(): void;
  onIdleTimeout(): void;
}

export class Liveness {
  readonly #connection: LivenessSubject;
  readonly #limits: H2Limits;
  readonly #timeouts: ServerTimeouts | null;
  #hasStarted = false;
  #startedMs = 0;
  #bytesMs = 0;
  #idleMs = 0;
  #hasPeerSettings = false;
  #unacknowledged = 0;
  /** When our PING left, or -1. */
  #pingMs = -1;
  #drainMs = -1;
  /** What waits for the peer to read, and since when it is just that. */
  #stuckBytes = 0;
  #stuckMs = 0;

  constructor(connection: LivenessSubject, limits: H2Limits, timeouts: ServerTimeouts | null) {
    this.#connection = connection;
    this.#limits = limits;
    this.#timeouts = timeouts;
  }

  /** The connection stands. */
  start(nowMs: number): void {
    this.#hasStarted = true;
    this.#startedMs = this.#bytesMs = this.#idleMs = this.#stuckMs = nowMs;
  }

  onSettingsSent(): void {
    this.#unacknowledged++;
  }

  onPeerSettings(): void {
    this.#hasPeerSettings = true;
  }

  /** False: there was nothing to acknowledge. */
  onSettingsAck(): boolean {
    if (this.#unacknowledged === 0) return false;
    this.#unacknowledged--;
    return true;
  }

  get hasSettled(): boolean {
    return this.#hasPeerSettings && this.#unacknowledged === 0;
  }

  onBytes(nowMs: number): void {
    this.#bytesMs = nowMs;
    this.#pingMs = -1;
  }

  onDrain(nowMs: number): void {
    this.#stuckBytes = 0;
    this.#stuckMs = nowMs;
  }

  onIdle(nowMs: number): void {
    this.#idleMs = nowMs;
  }

  onClosing(nowMs: number): void {
    this.#stuckMs = nowMs;
  }

  /** A PING whose answer tells that the peer has seen the GOAWAY before it. */
  probeDrain(nowMs: number): void {
    this.#drainMs = nowMs;
    this.#connection.writer.ping(false, DRAIN_PING, 0);
  }

  onPingAck(buffer: Buffer, start: number): void {
    if (this.#drainMs >= 0 && DRAIN_PING.compare(buffer, start, start + 8) === 0) this.#drainAnswered();
  }

  #drainAnswered(): void {
    this.#drainMs = -1;
    this.#connection.onDrainSeen();
  }

  sweep(nowMs: number, block: FieldBlock): void {
    if (!this.#hasStarted) return;
    const connection = this.#connection;
    if (!this.hasSettled && nowMs - this.#startedMs >= this.#limits.settingsTimeoutMs) {
      connection.failLimit('settings_timeout', SETTINGS_TIMEOUT);
      return;
    }
    if (block.streamId !== 0 && nowMs - block.startedMs >= (this.#timeouts?.headMs ?? CLIENT_HEAD_MS)) {
      connection.failLimit('field_block');
      return;
    }
    if (this.#isDead(nowMs)) return;
    if (this.#drainMs >= 0 && nowMs - this.#drainMs >= DRAIN_ANSWER_MS) this.#drainAnswered();
    if (connection.activeStreams > 0) connection.resetStuck(nowMs);
    const timeouts = this.#timeouts;
    if (timeouts === null) return;
    if (connection.activeStreams === 0 && nowMs - this.#idleMs >= timeouts.idleMs) connection.onIdleTimeout();
    else if (this.#isStuck(nowMs, timeouts.flushMs)) connection.cutOff();
  }

  /** The peer answers a PING, or sends anything else. */
  #isDead(nowMs: number): boolean {
    const { pingAfterMs, pingTimeoutMs } = this.#limits;
    if (pingAfterMs === 0 || this.#connection.isReadPaused) return false;
    if (this.#pingMs < 0) {
      if (nowMs - this.#bytesMs < pingAfterMs) return false;
      this.#pingMs = nowMs;
      this.#connection.writer.ping(false, ALIVE_PING, 0);
      return false;
    }
    if (nowMs - this.#pingMs < pingTimeoutMs) return false;
    this.#connection.observer.onLimit('ping_timeout');
    this.#connection.cutOff();
    return true;
  }

  /** Bytes wait for the peer, and none has gone for so long. */
  #isStuck(nowMs: number, afterMs: number): boolean {
    const bytes = this.#connection.writer.pendingBytes;
    if (bytes === 0 || bytes !== this.#stuckBytes) {
      this.#stuckBytes = bytes;
      this.#stuckMs = nowMs;
      return false;
    }
    return nowMs - this.#stuckMs >= afterMs;
  }

  /** After our half-close: the peer may take what is queued, and then so long to close. */
  sweepClosing(nowMs: number, lingerMs: number): void {
    const bytes = this.#connection.writer.pendingBytes;
    if (bytes !== this.#stuckBytes) {
      this.#stuckBytes = bytes;
      this.#stuckMs = nowMs;
    } else if (nowMs - this.#stuckMs >= lingerMs) this.#connection.transport.abort();
  }
}
