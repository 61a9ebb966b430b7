/**
 * The `socket` backend's transport: public node:net and node:tls only. Plain reads come through
 * the documented `onread` option into the shared buffer; TLS reads through 'data'.
 *
 * Long because reading, writing and closing are one state machine.
 */
import { Socket } from 'node:net';
import { ByteQueue, emptyQueue, type QueuedChunk } from './byte-queue.ts';
import { HeldReads, noReads } from './held-reads.ts';
import { memoryAccount } from './memory-account.ts';
import { sharedReadBuffer } from './shared-read-buffer.ts';
import {
  idleHandler,
  type PeerCertificateInfo,
  QUEUE_HIGH_BYTES,
  type Transport,
  TransportError,
  type TransportHandler,
  type TransportPhase,
} from './transport.ts';
import { holdBlock, mayHoldBlock, releaseBlock, returnWriteBlock } from './write-blocks.ts';
import { pin, writableView } from './write-memory.ts';

/** Below it, a copy costs less than a block that waits. */
const SMALL_BYTES = 4096;

interface OnReadOption {
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
  /** For the constructor of a plain socket. */
  readonly onread: OnReadOption;

  #socket: Socket | null = null;
  #isOpen = false;
  #isPaused = false;
  #isClosed = false;
  #isDetached = false;
  #isEnding = false;
  #hasPeerEnded = false;
  #isEndHeld = false;
  #hasRead = false;
  #needsDrain = false;
  #phase: TransportPhase = 'connect';
  #error: TransportError | null = null;
  /** What is written before the connection stands. */
  #early = emptyQueue;
  #held = noReads;
  /** What a plain write that goes on in the background refers to. */
  #pinned: Buffer | null = null;
  /** After each write, when the kernel has it. */
  readonly #onWritten = (): void => {
    if (this.#socket?.writableLength === 0) this.#unpin();
    this.#count();
  };
  /** What waits, as it stands in the account of the process. */
  #countedBytes = 0;

  constructor(isTls: boolean) {
    this.isTls = isTls;
    this.onread = {
      buffer: sharedReadBuffer,
      callback: (bytes) => {
        this.#received(sharedReadBuffer, bytes);
        return !this.#isPaused;
      },
    };
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get fd(): number {
    const handle = (this.#socket as { _handle?: { fd?: number } } | null)?._handle;
    return handle?.fd ?? -1;
  }

  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#early.length + (this.#socket?.writableLength ?? 0);
  }

  /** Takes over a socket made with allowHalfOpen, connected or not. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#peerEnded());
    socket.on('error', (error) => {
      this.#error ??= this.#errorFrom(error);
    });
    socket.on('close', () => this.#closed());
  }

  /** The connection stands (and for TLS: is verified). Call start() once the owner has it. */
  opened(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#phase = 'read';
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    if (this.isTls) socket.on('data', (chunk: Buffer) => this.#received(chunk, chunk.length));
  }

  start(): void {
    const socket = this.#socket;
    if (socket === null || this.#isClosed) return;
    this.#isOpen = true;
    if (this.#isPaused) socket.pause();
    else socket.resume();
    for (let chunk = this.#early.shift(); chunk !== null; chunk = this.#early.shift()) {
      writeChunk(socket, chunk, this.#onWritten);
    }
    this.#count();
    this.#early = emptyQueue;
    if (this.#isEnding) socket.end();
    if (this.#needsDrain && !socket.writableNeedDrain) setImmediate(() => this.#drained());
  }

  /** See detachSocket(). */
  detach(): Socket | null {
    const socket = this.#socket as (Socket & { _handle: { readStop?(): void } | null }) | null;
    const handle = socket?._handle ?? null;
    if (socket === null || handle === null || this.#isClosed) return null;
    this.#isClosed = true;
    this.#isDetached = true;
    const held = this.#held.takeAll();
    handle.readStop?.();
    socket._handle = null;
    // The constructor option `handle` is not in the types; node documents it for child processes.
    const detached = new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true } as object);
    if (held.length > 0) detached.unshift(held);
    // Whoever waits for the end of the old one means the connection.
    detached.once('close', () => socket.emit('close', false));
    socket.removeAllListeners('error').on('error', () => {});
    return detached;
  }

  /** Closes for a reason of ours: a refused peer, a time limit. */
  fail(error: TransportError): void {
    if (this.#isClosed) return;
    this.#error ??= error;
    this.#isClosed = true;
    this.#socket?.destroy();
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isClosed || this.#isEnding || start >= end) return true;
    if (!this.#isOpen) {
      this.#ownEarly().append(buffer, start, end);
      return this.#mayWriteOn(this.#early.length < QUEUE_HIGH_BYTES);
    }
    const socket = this.#socket!;
    const isBelow =
      this.isTls || socket.writableLength > 0
        ? this.#writeCopy(buffer, start, end)
        : this.#writeView(socket, writableView(buffer, start, end));
    this.#count();
    return this.#mayWriteOn(isBelow);
  }

  writeBlock(block: Buffer, start: number, end: number): boolean {
    if (this.#isClosed || this.#isEnding || start >= end) {
      returnWriteBlock(block);
      return true;
    }
    if (!this.#isOpen) {
      this.#ownEarly().appendBlock(block, start, end);
      return this.#mayWriteOn(this.#early.length < QUEUE_HIGH_BYTES);
    }
    const isBelow = this.#sendBlock(this.#socket!, block, start, end);
    this.#count();
    return this.#mayWriteOn(isBelow);
  }

  #sendBlock(socket: Socket, block: Buffer, start: number, end: number): boolean {
    const willWait = this.isTls || socket.writableLength > 0;
    if (!mayHoldBlock() || (willWait && end - start < SMALL_BYTES)) {
      const isBelow = this.#writeCopy(block, start, end);
      returnWriteBlock(block);
      return isBelow;
    }
    const view = block.subarray(start, end);
    if (willWait) {
      holdBlock();
      return socket.write(view, () => {
        releaseBlock(block);
        this.#count();
      });
    }
    const isBelow = this.#writeBorrowed(socket, view);
    if (socket.writableLength === 0) returnWriteBlock(block);
    else {
      holdBlock();
      this.#pinned = block;
    }
    return isBelow;
  }

  /** Nothing is under way. Pin the memory where something is when this returns. */
  #writeBorrowed(socket: Socket, view: Buffer): boolean {
    this.#unpin();
    return socket.write(view, this.#onWritten);
  }

  #writeView(socket: Socket, view: Buffer): boolean {
    const isBelow = this.#writeBorrowed(socket, view);
    if (socket.writableLength > 0) this.#pinned = pin(view);
    return isBelow;
  }

  #writeCopy(buffer: Buffer, start: number, end: number): boolean {
    const copy = Buffer.allocUnsafe(end - start);
    buffer.copy(copy, 0, start, end);
    return this.#socket!.write(copy, this.#onWritten);
  }

  #count(): void {
    const bytes = this.#isClosed ? 0 : (this.#socket?.writableLength ?? 0);
    memoryAccount.bufferedBytes += bytes - this.#countedBytes;
    this.#countedBytes = bytes;
  }

  #mayWriteOn(isBelow: boolean): boolean {
    if (!isBelow) this.#needsDrain = true;
    return isBelow;
  }

  #ownEarly(): ByteQueue {
    if (this.#early === emptyQueue) this.#early = new ByteQueue();
    return this.#early;
  }

  #unpin(): void {
    if (this.#pinned !== null) releaseBlock(this.#pinned);
    this.#pinned = null;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    if (this.#isOpen) this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    if (!this.#isOpen) return;
    if (this.#held.isEmpty && !this.#isEndHeld) this.#socket?.resume();
    else setImmediate(() => this.#replay());
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    if (this.#isOpen) this.#socket?.end();
  }

  abort(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const socket = this.#socket;
    if (socket === null) return;
    if (this.isTls) resetUnder(socket);
    else resetPlain(socket, isShuttingDown(socket));
  }

  #received(buffer: Buffer, bytes: number): void {
    if (this.#isClosed) return;
    if (this.#isPaused || !this.#held.isEmpty) {
      if (this.#held === noReads) this.#held = new HeldReads();
      this.#held.hold(buffer, 0, bytes);
      return;
    }
    this.#hasRead = true;
    this.handler.onData(buffer, 0, bytes);
  }

  #replay(): void {
    while (!this.#isPaused && !this.#isClosed) {
      const chunk = this.#held.take();
      if (chunk === null) {
        this.#held = noReads;
        break;
      }
      this.handler.onData(chunk, 0, chunk.length);
    }
    if (this.#isPaused || this.#isClosed) return;
    if (this.#isEndHeld) this.#peerEnded();
    else this.#socket?.resume();
  }

  #drained(): void {
    if (!this.#needsDrain || this.#isClosed) return;
    this.#needsDrain = false;
    this.handler.onDrain();
  }

  #peerEnded(): void {
    if (this.#isClosed || this.#hasPeerEnded) return;
    this.#isEndHeld = this.#isPaused || !this.#held.isEmpty;
    if (this.#isEndHeld) return;
    this.#hasPeerEnded = true;
    this.handler.onEnd();
  }

  /** An alert before anything was read tells that the peer refused the handshake (TLS 1.3). */
  #errorFrom(error: Error & { code?: string }): TransportError {
    const isRefusal = this.isTls && !this.#hasRead && error.code?.startsWith('ERR_SSL') === true;
    return TransportError.from(error, isRefusal ? 'handshake' : this.#phase);
  }

  #closed(): void {
    if (this.#isDetached) return;
    this.#isClosed = true;
    this.#socket = null;
    this.#count();
    this.#held.clear();
    this.#held = noReads;
    this.#early.clear();
    this.#unpin();
    // Destroying a TLS socket with a write under way emits 'close' inside the call.
    setImmediate(() => this.handler.onClose(this.#error));
  }
}

function writeChunk(
  socket: Socket,
  { bytes, start, end, isBlock }: QueuedChunk,
  onWritten: () => void,
): void {
  socket.write(bytes.subarray(start, end), () => {
    if (isBlock) releaseBlock(bytes);
    onWritten();
  });
}

/**
 * A TLS socket has no reset of its own: the connection under it is reset, so that the peer cannot
 * take the end for one in order. Where node does not show that connection, it is just closed.
 *
 * From a turn of its own: node frees the TLS state as soon as the connection under it is gone, and
 * the caller, or a microtask of its, may run from within OpenSSL's handshake, which then goes on in
 * freed memory and ends the process.
 */
export function resetUnder(tlsSocket: Socket): void {
  setImmediate(() => {
    const under = (tlsSocket as { _parent?: unknown })._parent;
    if (under instanceof Socket) resetPlain(under, isShuttingDown(tlsSocket));
    tlsSocket.destroy();
  });
}

/** No reset while the FIN is on its way: node would then lose the handle, and never tell of the close. */
function resetPlain(socket: Socket, isEnding: boolean): void {
  if (socket.connecting || isEnding) socket.destroy();
  else socket.resetAndDestroy();
}

function isShuttingDown(socket: Socket): boolean {
  return socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
}
