import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually } from '@tulle/testkit';
import type { MemoryTransport } from './memory-transport.ts';
import { F, PREFACE, ping, settings, settingsAck, T } from './raw-frames.ts';
import { RawHpackDecoder } from './raw-hpack.ts';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS (with their CONTINUATION) that came whole; else empty. */
  readonly fields: readonly [name: string, value: string][];
}

/**
 * One end of an HTTP/2 connection that says whatever the test writes, and records each frame that comes. It
 * answers nothing by itself but, once the handshake is done, nothing at all: no acknowledgement, no credit.
 */
export class RawPeer {
  readonly frames: RawFrame[] = [];
  /** What the subject sent of DATA payload, by stream; frames of it are not kept where `countsData`. */
  readonly received = new Map<number, number>();
  /** Keep no DATA frames, only their bytes in `received`. */
  countsData = false;
  /** Sees each frame as it comes. */
  onFrame: (frame: RawFrame) => void = () => {};
  isClosed = false;
  /** The preface that a client under test sent first. */
  preface: Buffer = Buffer.alloc(0);
  readonly #send: (bytes: Buffer) => void;
  readonly #hpack = new RawHpackDecoder();
  #prefaceBytes: number;
  #rest: Buffer = Buffer.alloc(0);
  #block: RawFrame | null = null;
  #pings = 0;

  constructor(send: (bytes: Buffer) => void, isServer: boolean) {
    this.#send = send;
    this.#prefaceBytes = isServer ? PREFACE.length : 0;
  }

  /** In one piece, as far as the transport goes along. */
  send(...frames: Buffer[]): void {
    this.#send(Buffer.concat(frames));
  }

  /** Call once SETTINGS_HEADER_TABLE_SIZE of that value is acknowledged. */
  announceTable(maxTableBytes: number): void {
    this.#hpack.announce(maxTableBytes);
  }

  /** What the subject wrote. */
  take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (this.#prefaceBytes > 0) {
      if (this.#rest.length < this.#prefaceBytes) return;
      this.preface = this.#rest.subarray(0, this.#prefaceBytes);
      this.#rest = this.#rest.subarray(this.#prefaceBytes);
      this.#prefaceBytes = 0;
    }
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      this.#note(
        this.#rest[3]!,
        this.#rest[4]!,
        this.#rest.readUInt32BE(5),
        this.#rest.subarray(9, 9 + length),
      );
      this.#rest = this.#rest.subarray(9 + length);
    }
  }

  /** The frames of that kind, on any stream or on one. */
  of(type: number, streamId?: number): RawFrame[] {
    return this.frames.filter(
      (it) => it.type === type && (streamId === undefined || it.streamId === streamId),
    );
  }

  /** DATA payload of a stream, as text. */
  body(streamId: number): string {
    return Buffer.concat(this.of(T.DATA, streamId).map((it) => it.payload)).toString('latin1');
  }

  hasEnded(streamId: number): boolean {
    return this.frames.some(
      (it) =>
        it.streamId === streamId &&
        (it.type === T.DATA || it.type === T.HEADERS) &&
        (it.flags & F.END_STREAM) !== 0,
    );
  }

  /** The code of the first RST_STREAM for that stream, or null. */
  resetCode(streamId: number): number | null {
    return this.of(T.RST_STREAM, streamId)[0]?.payload.readUInt32BE() ?? null;
  }

  /** The code of the last GOAWAY, or null. */
  goawayCode(): number | null {
    return this.of(T.GOAWAY).at(-1)?.payload.readUInt32BE(4) ?? null;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    for (let turns = 0; turns < 20; turns++) {
      if (condition()) return;
      await nextTurn();
    }
    const check = () => {
      if (!condition()) throw new Error(`no ${what}; frames: ${this.frames.map(describe).join(' ')}`);
    };
    await eventually(check, { timeoutMs: 3000, intervalMs: 2 });
  }

  /** Until all that was sent has been acted upon: a PING comes back, or the connection is gone. */
  async settled(): Promise<void> {
    const text = String(this.#pings++).padStart(8, 's');
    this.send(ping(text));
    const isAnswer = (it: RawFrame) =>
      it.type === T.PING && (it.flags & F.ACK) !== 0 && it.payload.equals(ping(text).subarray(9));
    await this.until(() => this.isClosed || this.frames.some(isAnswer), 'PING answer');
  }

  /** Our SETTINGS, theirs and both acknowledgements; then forgets these frames. */
  async handshake(entries: readonly (readonly [id: number, value: number])[] = []): Promise<void> {
    this.send(settings(entries));
    const isTheirs = (it: RawFrame) => it.type === T.SETTINGS && (it.flags & F.ACK) === 0;
    const isAck = (it: RawFrame) => it.type === T.SETTINGS && (it.flags & F.ACK) !== 0;
    await this.until(() => this.frames.some(isTheirs) && this.frames.some(isAck), 'SETTINGS and their ACK');
    this.send(settingsAck);
    await this.settled();
    this.frames.length = 0;
  }

  #note(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === T.DATA) this.received.set(streamId, (this.received.get(streamId) ?? 0) + payload.length);
    let fields: [string, string][] = [];
    let block: Buffer | null = null;
    if (type === T.HEADERS) {
      if ((flags & (F.PADDED | F.PRIORITY)) !== 0) throw new Error('padded HEADERS are not expected');
      block = payload;
    } else if (type === T.CONTINUATION) {
      if (this.#block?.streamId !== streamId) throw new Error('CONTINUATION out of place');
      block = Buffer.concat([this.#block.payload, payload]);
    } else if (this.#block !== null) {
      throw new Error(`a frame of type ${type} within a field block`);
    }
    if (block !== null && (flags & F.END_HEADERS) !== 0) {
      fields = this.#hpack.decode(block);
      this.#block = null;
    } else if (block !== null) {
      this.#block = { type, flags, streamId, payload: Buffer.from(block), fields };
    }
    const copy = { type, flags, streamId, payload: Buffer.from(payload), fields };
    if (!(this.countsData && type === T.DATA)) this.frames.push(copy);
    this.onFrame(copy);
  }
}

export function describe(it: RawFrame): string {
  const name = Object.entries(T).find(([, type]) => type === it.type)?.[0] ?? `type ${it.type}`;
  const code = it.type === T.RST_STREAM ? `:${it.payload.readUInt32BE()}` : '';
  const last = it.type === T.GOAWAY ? `:${it.payload.readUInt32BE(4)}` : '';
  return `${name}(${it.streamId},${it.flags},${it.payload.length}${code}${last})`;
}

/** The peer of a connection on memory; `isServer`: the subject is a client. */
export function memoryPeer(transport: MemoryTransport, isServer: boolean): RawPeer {
  const peer = new RawPeer((bytes) => transport.deliver(bytes), isServer);
  transport.onWritten = (bytes) => peer.take(bytes);
  transport.onOver = () => {
    peer.isClosed = true;
  };
  return peer;
}

export interface SocketPeer {
  readonly peer: RawPeer;
  readonly socket: Socket;
}

/** The peer over a socket of its own: sends the preface, as a client does. */
export function dialPeer(port: number, host = '127.0.0.1'): SocketPeer {
  const socket = connect({ port, host, noDelay: true });
  socket.write(PREFACE);
  return { peer: socketPeer(socket, false), socket };
}

function socketPeer(socket: Socket, isServer: boolean): RawPeer {
  const peer = new RawPeer((bytes) => socket.write(bytes), isServer);
  socket.on('data', (bytes) => peer.take(bytes));
  socket.on('close', () => {
    peer.isClosed = true;
  });
  socket.on('error', () => {
    peer.isClosed = true;
  });
  return peer;
}
