/**
 * The `socket` backend's transport: public node:net and node:tls only. Reads come through the
 * documented `onread` option where it exists, else through 'data'.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { sharedReadBuffer } from './shared-read-buffer.ts';
import {
  idleHandler,
  type PeerCertificateInfo,
  type Transport,
  TransportError,
  type TransportHandler,
  type TransportPhase,
} from './transport.ts';

export interface OnReadOption {
  readonly buffer: Buffer;
  callback(bytes: number, buffer: Uint8Array): boolean;
}

export class SocketTransport implements Transport {
  handler: TransportHandler = idleHandler;
  remoteAddress = '';
  remotePort = 0;
  localAddress = '';
  localPort = 0;
  readonly isTls: boolean;
  isSessionReused = false;
  alpnProtocol: string | null = null;
  peerCertificate: PeerCertificateInfo | null = null;
  /** Hand to the socket's constructor; onData then needs no buffer of its own. */
  readonly onread: OnReadOption;

  #socket: Socket | null = null;
  #phase: TransportPhase;
  #isPaused = false;
  #isClosed = false;
  #hasEnded = false;
  #hasPeerEnded = false;
  #needsDrain = false;
  #error: TransportError | null = null;

  constructor(isTls: boolean, phase: TransportPhase) {
    this.isTls = isTls;
    this.#phase = phase;
    this.onread = {
      buffer: sharedReadBuffer,
      callback: (bytes) => {
        if (!this.#isClosed) this.handler.onData(sharedReadBuffer, 0, bytes);
        return !this.#isPaused;
      },
    };
  }

  /** Takes the socket over. It must have been made with allowHalfOpen. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#peerEnded());
    socket.on('error', (error) => {
      this.#error ??= TransportError.from(error, this.#phase);
    });
    socket.on('close', () => this.#closed());
  }

  /** The connection stands: addresses are known, reading begins unless paused meanwhile. */
  opened(readsByEvent: boolean): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#phase = 'read';
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    if (readsByEvent) {
      socket.on('data', (chunk: Buffer) => {
        if (!this.#isClosed) this.handler.onData(chunk, 0, chunk.length);
      });
    }
  }

  /** Begins to flow; apart from opened(), so that the owner can set its handler between. */
  start(): void {
    if (this.#isPaused) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** Closes for a reason of ours: a refused peer, a time limit. */
  fail(error: TransportError): void {
    if (this.#isClosed) return;
    this.#error ??= error;
    this.#isClosed = true;
    this.#socket?.destroy();
  }

  get fd(): number {
    const handle = (this.#socket as { _handle?: { fd?: number } } | null)?._handle;
    return handle?.fd ?? -1;
  }

  get queuedBytes(): number {
    return this.#isClosed ? 0 : (this.#socket?.writableLength ?? 0);
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    const socket = this.#socket;
    if (socket === null || this.#isClosed || this.#hasEnded || start === end) return true;
    const copy = Buffer.allocUnsafe(end - start);
    buffer.copy(copy, 0, start, end);
    if (socket.write(copy)) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (this.#phase === 'read') this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase === 'read' && !this.#isClosed) this.#socket?.resume();
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    this.#socket?.end();
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const socket = this.#socket;
    if (socket === null) return;
    if (this.isTls) resetUnderTls(socket as TLSSocket);
    else socket.resetAndDestroy();
  }

  #drained(): void {
    if (!this.#needsDrain || this.#isClosed) return;
    this.#needsDrain = false;
    this.handler.onDrain();
  }

  #peerEnded(): void {
    if (this.#isClosed || this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    this.handler.onEnd();
  }

  #closed(): void {
    this.#isClosed = true;
    this.#socket = null;
    this.handler.onClose(this.#error);
  }
}

/** A TLS socket has no reset of its own; without close_notify the end is at least not in order. */
function resetUnderTls(socket: TLSSocket): void {
  socket.destroy();
}
