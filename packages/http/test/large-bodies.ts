/** An origin of bodies larger than memory, and clients that stall and then read them, counting and comparing every byte. */
import { once } from 'node:events';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  F,
  frame,
  headers,
  PREFACE,
  S,
  settings,
  settingsAck,
  T,
  windowUpdate,
} from '../src/h2/testing/raw-frames.ts';
import { pattern } from './node-peers.ts';

const BLOCK = pattern(2 ** 20);

/** How a client withholds: it grants no window, or it leaves its socket unread. */
export type Stall = 'window' | 'socket';

export interface LargeOrigin {
  readonly port: number;
  /** What it has handed to its sockets of large bodies. */
  readonly sentBytes: number;
  readonly connections: number;
  close(): void;
}

/** Answers /large/N with N bytes, and everything else with `ok`. */
export async function largeOrigin(major: 1 | 2): Promise<LargeOrigin> {
  const seen = { sentBytes: 0, connections: 0 };
  const respond = (path: string, response: NodeJS.WritableStream) => {
    const total = Number(/^\/large\/(\d+)$/.exec(path)?.[1] ?? 0);
    if (total === 0) response.end('ok');
    else pump(response, total, (bytes) => (seen.sentBytes += bytes));
  };
  const sockets = new Set<Socket>();
  const server =
    major === 1
      ? http.createServer((request, response) => respond(request.url!, response))
      : http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream, fields: http2.IncomingHttpHeaders) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    respond(String(fields[':path']), stream);
  });
  server.on('session', (session: http2.ServerHttp2Session) => session.on('error', () => {}));
  server.on('connection', (socket: Socket) => {
    seen.connections++;
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get sentBytes() {
      return seen.sentBytes;
    },
    get connections() {
      return seen.connections;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function pump(out: NodeJS.WritableStream, total: number, onSent: (bytes: number) => void): void {
  let left = total;
  const go = () => {
    while (left > 0) {
      const bytes = Math.min(left, BLOCK.length);
      left -= bytes;
      onSent(bytes);
      if (!out.write(BLOCK.subarray(0, bytes)) && left > 0) {
        out.once('drain', go);
        return;
      }
    }
    out.end();
  };
  out.on('error', () => {
    left = 0;
  });
  go();
}

/** Compares what arrives with what the origin sends. */
class Tally {
  bytes = 0;

  take(chunk: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const offset = this.bytes % BLOCK.length;
      const length = Math.min(end - at, BLOCK.length - offset);
      if (chunk.compare(BLOCK, offset, offset + length, at, at + length) !== 0) {
        throw new Error(`a byte after ${this.bytes} is out of place`);
      }
      at += length;
      this.bytes += length;
    }
  }
}

export interface LargeClient {
  readonly receivedBytes: number;
  /** Asks for something small meanwhile: over the same connection where that carries several (HTTP/2). */
  askSmall(): Promise<string>;
  /** Reads to the end. */
  drain(): Promise<void>;
  close(): void;
}

/** Asks for /large/`total`, and stalls. */
export function largeClient(major: 1 | 2, port: number, total: number, stall: Stall): LargeClient {
  return major === 1 ? new Http1LargeClient(port, total) : new Http2LargeClient(port, total, stall);
}

class Http1LargeClient implements LargeClient {
  readonly #port: number;
  readonly #request: http.ClientRequest;
  readonly #tally = new Tally();
  readonly #response: Promise<http.IncomingMessage>;
  readonly #total: number;

  constructor(port: number, total: number) {
    this.#port = port;
    this.#total = total;
    this.#request = http.get({ port, host: '127.0.0.1', path: `/large/${total}`, agent: false });
    this.#response = once(this.#request, 'response').then(([it]) => it as http.IncomingMessage);
  }

  get receivedBytes(): number {
    return this.#tally.bytes;
  }

  async askSmall(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/small`);
    return await response.text();
  }

  async drain(): Promise<void> {
    const response = await this.#response;
    response.on('data', (chunk: Buffer) => this.#tally.take(chunk, 0, chunk.length));
    await once(response, 'end');
    if (this.#tally.bytes !== this.#total)
      throw new Error(`${this.#tally.bytes} of ${this.#total} bytes came`);
  }

  close(): void {
    this.#request.destroy();
  }
}

/** Frames are looked at in place: a gigabyte passes through it. */
class Http2LargeClient implements LargeClient {
  readonly #socket: Socket;
  readonly #tally = new Tally();
  readonly #total: number;
  readonly #stall: Stall;
  readonly #ended = new Map<number, () => void>();
  readonly #small = new Map<number, string>();
  #rest: Buffer = Buffer.alloc(0);
  #payloadLeft = 0;
  #streamId = 0;
  #isEnd = false;
  #uncredited = 0;
  #nextId = 3;

  constructor(port: number, total: number, stall: Stall) {
    this.#total = total;
    this.#stall = stall;
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const windowBytes = stall === 'window' ? 65535 : 2 ** 31 - 1;
    this.#socket.write(
      Buffer.concat([PREFACE, settings([[S.INITIAL_WINDOW_SIZE, windowBytes]]), windowUpdate(0, 2 ** 30)]),
    );
    this.#ask(1, `/large/${total}`);
  }

  get receivedBytes(): number {
    return this.#tally.bytes;
  }

  async askSmall(): Promise<string> {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#small.set(id, '');
    await this.#ask(id, '/small');
    return this.#small.get(id)!;
  }

  async drain(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#ended.set(1, resolve));
    if (this.#stall === 'window') this.#socket.write(windowUpdate(1, 2 ** 31 - 1 - 65535));
    else this.#socket.resume();
    await ended;
    if (this.#tally.bytes !== this.#total)
      throw new Error(`${this.#tally.bytes} of ${this.#total} bytes came`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(id: number, path: string): Promise<void> {
    const fields = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'a.test'],
    ] as const;
    this.#socket.write(headers(id, fields, { isEnd: true }));
    return new Promise((resolve) => this.#ended.set(id, resolve));
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = Buffer.alloc(0);
    }
    for (let at = 0; at < bytes.length; ) {
      if (this.#payloadLeft === 0) {
        at = this.#frame(bytes, at);
        if (at < 0) return;
      } else {
        const end = Math.min(bytes.length, at + this.#payloadLeft);
        this.#payload(bytes, at, end);
        this.#payloadLeft -= end - at;
        at = end;
      }
      if (this.#payloadLeft === 0 && this.#isEnd) this.#end();
    }
  }

  /** The offset after a frame's header (DATA) or after the frame; negative: it is not all there. */
  #frame(bytes: Buffer, at: number): number {
    const length = at + 9 <= bytes.length ? bytes.readUIntBE(at, 3) : 0;
    const type = bytes[at + 3];
    const isWhole = at + 9 + (type === T.DATA ? 0 : length) <= bytes.length;
    if (!isWhole) {
      this.#rest = Buffer.from(bytes.subarray(at));
      return -1;
    }
    const flags = bytes[at + 4]!;
    this.#streamId = bytes.readUInt32BE(at + 5);
    this.#isEnd = (type === T.DATA || type === T.HEADERS) && (flags & F.END_STREAM) !== 0;
    if (type === T.DATA) {
      this.#payloadLeft = length;
      return at + 9;
    }
    if (type === T.SETTINGS && (flags & F.ACK) === 0) this.#socket.write(settingsAck);
    if (type === T.PING && (flags & F.ACK) === 0) {
      this.#socket.write(frame(T.PING, F.ACK, 0, Buffer.from(bytes.subarray(at + 9, at + 17))));
    }
    if (type === T.HEADERS && this.#streamId === 1 && this.#stall === 'socket') this.#socket.pause();
    if (type === T.GOAWAY || type === T.RST_STREAM) throw new Error(`frame ${type} on ${this.#streamId}`);
    return at + 9 + length;
  }

  #payload(bytes: Buffer, start: number, end: number): void {
    this.#uncredited += end - start;
    if (this.#uncredited > 2 ** 24) {
      this.#socket.write(windowUpdate(0, this.#uncredited));
      this.#uncredited = 0;
    }
    if (this.#streamId === 1) this.#tally.take(bytes, start, end);
    else {
      const text = this.#small.get(this.#streamId) ?? '';
      this.#small.set(this.#streamId, text + bytes.toString('latin1', start, end));
    }
  }

  #end(): void {
    this.#isEnd = false;
    this.#ended.get(this.#streamId)?.();
  }
}
