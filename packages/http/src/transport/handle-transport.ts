/**
 * The `handle` backend's transport: a raw stream handle, plain or TLS. Reads go to the shared
 * buffer or a block; writes are tried at once, one may go on in the background, the rest queues.
 *
 * Hazards that shape it: node aborts when a write request is reused inside its own callback; a TLS
 * write may complete, or fail, inside the call that starts it; a plain write that goes on in the
 * background refers to its memory until done (a TLS write does not: OpenSSL has taken it).
 *
 * Long because reading, writing and closing are one state machine.
 */
import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { ByteQueue, emptyQueue } from './byte-queue.ts';
import { HeldReads, noReads } from './held-reads.ts';
import { memoryAccount } from './memory-account.ts';
import {
  RAW_EOF,
  type RawBinding,
  type RawHandle,
  type RawRequest,
  type RawWriteRequest,
  rawBinding,
} from './raw-binding.ts';
import { READ_BUFFER_BYTES, returnReadBlock, sharedReadBuffer, takeReadBlock } from './shared-read-buffer.ts';
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
import { borrowedView, pin, writableView } from './write-memory.ts';
import { freeWriteRequest, retireWriteRequest, takeWriteRequest } from './write-requests.ts';

/** Reads below it end a bulk transfer: the connection goes back to the shared buffer. */
const BULK_BYTES = 16 * 1024;

/** Whose onData runs: a write from its block can keep the block instead of copying it. */
let reader: HandleTransport | null = null;

/** Closes what is under the transport, with a reset if asked, and calls `done` from a later turn. */
export type CloseHandle = (handle: RawHandle | null, isAbort: boolean, done: () => void) => void;

export class HandleTransport implements Transport {
  handler: TransportHandler = idleHandler;
  remoteAddress = '';
  remotePort = 0;
  localAddress = '';
  localPort = 0;
  readonly isTls: boolean;
  isSessionReused = false;
  alpnProtocol: string | null = null;
  peerCertificate: PeerCertificateInfo | null = null;

  #handle: RawHandle | null = null;
  readonly #binding: RawBinding = rawBinding();
  readonly #closeHandle: CloseHandle;
  readonly #onDetached: (socket: Socket) => void;
  /** Made when needed, for a mesh has many idle connections: micro/transport-memory.ts. */
  #queue = emptyQueue;
  #held = noReads;
  #readBuffer: Buffer = sharedReadBuffer;
  #nextReadBuffer: Buffer | undefined;
  #inFlight: RawWriteRequest | null = null;
  #inFlightBytes = 0;
  /** Of these, in the account of the process. */
  #countedBytes = 0;
  #pinnedMemory: Buffer | null = null;
  #pinnedBlock: Buffer | null = null;
  #isPaused = false;
  #isReading = false;
  #isClosed = false;
  #isEnding = false;
  #isShutdown = false;
  /** The FIN is on its way: too late for a reset. */
  #isShuttingDown = false;
  #hasPeerEnded = false;
  #isEndHeld = false;
  #hasRead = false;
  #needsDrain = false;
  #error: TransportError | null = null;

  constructor(isTls: boolean, closeHandle: CloseHandle, onDetached: (socket: Socket) => void = () => {}) {
    this.isTls = isTls;
    this.#closeHandle = closeHandle;
    this.#onDetached = onDetached;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get fd(): number {
    return this.#isClosed ? -1 : (this.#handle?.fd ?? -1);
  }

  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#queue.length + this.#inFlightBytes;
  }

  /** The handle is connected (and for TLS: verified). Call start() once the owner has it. */
  opened(handle: RawHandle): void {
    this.#handle = handle;
    // Core tls has begun to read, for the handshake.
    this.#isReading = this.isTls;
    handle.tulleOwner = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedReadBuffer);
  }

  /** Begins to read, and writes what was queued meanwhile. `early`: already decrypted by core tls. */
  start(early: Buffer | null = null): void {
    if (this.#isClosed) return;
    if (early !== null) this.#hold(early, early.length);
    if (early !== null && !this.#isPaused) setImmediate(() => this.#replay());
    else this.#updateReading();
    this.#flush();
  }

  write(buffer: Buffer, start: number, end: number): boolean {
    if (this.#isClosed || this.#isEnding || start >= end) return true;
    if (this.#handle === null || this.#inFlight !== null) {
      this.#ownQueue().append(buffer, start, end);
    } else if (this.isTls) {
      this.#send(this.#handle, borrowedView(buffer, start, end));
    } else if (reader !== null && buffer === reader.#readBuffer && buffer !== sharedReadBuffer) {
      const isPending = this.#send(this.#handle, buffer.subarray(start, end));
      if (isPending) this.#keepBlock(reader);
    } else {
      const view = writableView(buffer, start, end);
      if (this.#send(this.#handle, view)) this.#pinnedMemory = pin(view);
    }
    return this.#mayWriteOn();
  }

  writeBlock(block: Buffer, start: number, end: number): boolean {
    if (this.#isClosed || this.#isEnding || start >= end) returnWriteBlock(block);
    else if (this.#handle === null || this.#inFlight !== null)
      this.#ownQueue().appendBlock(block, start, end);
    else if (this.isTls || mayHoldBlock()) this.#sendBlock(this.#handle, block, start, end);
    else {
      const copy = Buffer.from(block.subarray(start, end));
      returnWriteBlock(block);
      this.#send(this.#handle, copy);
    }
    return this.#mayWriteOn();
  }

  #sendBlock(handle: RawHandle, block: Buffer, start: number, end: number): void {
    const isPending = this.#send(handle, block.subarray(start, end));
    if (!isPending || this.isTls) returnWriteBlock(block);
    else {
      holdBlock();
      this.#pinnedMemory = block;
    }
  }

  #ownQueue(): ByteQueue {
    if (this.#queue === emptyQueue) this.#queue = new ByteQueue();
    return this.#queue;
  }

  #hold(buffer: Buffer, bytes: number): void {
    if (this.#held === noReads) this.#held = new HeldReads();
    this.#held.hold(buffer, 0, bytes);
  }

  /** Of a plain connection nothing should be pending; TLS always completes later. */
  #mayWriteOn(): boolean {
    const limit = this.isTls || this.#handle === null ? QUEUE_HIGH_BYTES : 1;
    if (this.#isClosed || this.queuedBytes < limit) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.#updateReading();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    if (this.#held.isEmpty && !this.#isEndHeld) this.#updateReading();
    else setImmediate(() => this.#replay());
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return;
    this.#isEnding = true;
    this.#shutdownWhenSent();
  }

  abort(): void {
    this.#close(true);
  }

  /** See detachSocket(). */
  detach(): Socket | null {
    const handle = this.#handle;
    if (this.#isClosed || handle === null) return null;
    this.#isClosed = true;
    handle.readStop();
    const held = this.#held.takeAll();
    this.#release();
    handle.tulleOwner = undefined;
    // The constructor option `handle` is not in the types; node documents it for child processes.
    const socket = new Socket({ handle, allowHalfOpen: true, pauseOnCreate: true } as object);
    if (held.length > 0) socket.unshift(held);
    this.#onDetached(socket);
    return socket;
  }

  /** Closes for a reason of ours or of the system's. */
  fail(error: TransportError): void {
    if (this.#isClosed) return;
    this.#error = error;
    this.#close(false);
  }

  /** TLS: its socket is gone, by itself or because of us. */
  gone(error: Error | null): void {
    if (error !== null) {
      const isRefusal =
        !this.#hasRead && this.isTls && (error as { code?: string }).code?.startsWith('ERR_SSL');
      this.#error ??= TransportError.from(error, isRefusal ? 'handshake' : 'read');
    }
    this.#isClosed = true;
    this.#release();
    // Destroying a TLS socket with a write under way emits 'close' inside the call.
    setImmediate(() => this.handler.onClose(this.#error));
  }

  /** True: it goes on in the background. */
  #send(handle: RawHandle, view: Buffer): boolean {
    const request = takeWriteRequest();
    request.handle = handle;
    request.oncomplete = onWritten;
    request.tulleOwner = this;
    // The request keeps the memory from being collected while libuv refers to it.
    request.buffer = view;
    // Set before the call: a TLS write may complete inside it.
    this.#inFlight = request;
    this.#inFlightBytes = view.length;
    const status = handle.writeBuffer(request, view);
    if (this.#inFlight !== request) return false;
    if (status === 0 && this.#binding.state[this.#binding.lastWriteWasAsyncIndex] !== 0) {
      this.#count(view.length);
      return true;
    }
    this.#inFlight = null;
    this.#inFlightBytes = 0;
    freeWriteRequest(request);
    if (status !== 0) this.fail(systemError(status, 'write'));
    return false;
  }

  #count(bytes: number): void {
    memoryAccount.bufferedBytes += bytes - this.#countedBytes;
    this.#countedBytes = bytes;
  }

  /** The write refers to the block that `from` reads into: it gets another one. */
  #keepBlock(from: HandleTransport): void {
    this.#pinnedBlock = from.#readBuffer;
    from.#readBuffer = takeReadBlock() ?? sharedReadBuffer;
    from.#nextReadBuffer = from.#readBuffer;
  }

  written(status: number): void {
    this.#inFlight = null;
    this.#inFlightBytes = 0;
    this.#count(0);
    this.#unpin();
    if (this.#isClosed) return;
    if (status < 0) {
      this.fail(systemError(status, 'write'));
      return;
    }
    this.#flush();
    if (this.#isClosed || this.#inFlight !== null) return;
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    this.handler.onDrain();
  }

  #flush(): void {
    while (this.#handle !== null && this.#inFlight === null && !this.#isClosed) {
      const chunk = this.#queue.shift();
      if (chunk === null) {
        this.#queue = emptyQueue;
        break;
      }
      const isPending = this.#send(this.#handle, chunk.bytes.subarray(chunk.start, chunk.end));
      if (!chunk.isBlock) continue;
      if (isPending && !this.isTls) this.#pinnedMemory = chunk.bytes;
      else releaseBlock(chunk.bytes);
    }
    this.#shutdownWhenSent();
    // Sent at once from start(): nobody else will say so.
    if (this.#needsDrain && this.queuedBytes === 0 && !this.#isClosed) setImmediate(() => this.#drained());
  }

  #drained(): void {
    if (!this.#needsDrain || this.queuedBytes > 0 || this.#isClosed) return;
    this.#needsDrain = false;
    this.handler.onDrain();
  }

  #shutdownWhenSent(): void {
    const handle = this.#handle;
    if (!this.#isEnding || this.#isShutdown || this.#isClosed || handle === null || this.queuedBytes > 0)
      return;
    this.#isShutdown = true;
    const request = new this.#binding.ShutdownRequest();
    request.tulleOwner = this;
    request.oncomplete = onShutdown;
    this.#isShuttingDown = true;
    const status = handle.shutdown(request);
    if (status < 0) this.fail(systemError(status, 'write'));
  }

  shutdownDone(status: number): void {
    this.#isShuttingDown = false;
    if (this.#isClosed) return;
    if (status < 0) this.fail(systemError(status, 'write'));
    else if (this.#hasPeerEnded) this.#close(false);
  }

  /** From the handle: `bytes` in the read buffer, or an error. May give the next buffer. */
  received(bytes: number): Buffer | undefined {
    if (this.#isClosed || bytes === 0) return undefined;
    if (bytes < 0) {
      if (bytes !== RAW_EOF) this.fail(systemError(bytes, 'read'));
      else if (this.#isPaused || !this.#held.isEmpty) this.#isEndHeld = true;
      else this.#peerEnded();
      return undefined;
    }
    const buffer = this.#readBuffer;
    if (this.#isPaused || !this.#held.isEmpty) {
      this.#hold(buffer, bytes);
      return undefined;
    }
    this.#hasRead = true;
    const outer = reader;
    reader = this;
    this.#nextReadBuffer = undefined;
    try {
      this.handler.onData(buffer, 0, bytes);
    } finally {
      reader = outer;
    }
    if (this.#isClosed) return undefined;
    this.#adaptReadBuffer(bytes);
    return this.#nextReadBuffer;
  }

  #adaptReadBuffer(bytes: number): void {
    if (this.#readBuffer === sharedReadBuffer) {
      const block = bytes === READ_BUFFER_BYTES ? takeReadBlock() : null;
      if (block === null) return;
      this.#readBuffer = block;
    } else if (bytes < BULK_BYTES) {
      returnReadBlock(this.#readBuffer);
      this.#readBuffer = sharedReadBuffer;
    } else return;
    this.#nextReadBuffer = this.#readBuffer;
  }

  #replay(): void {
    while (!this.#isPaused && !this.#isClosed) {
      const chunk = this.#held.take();
      if (chunk === null) {
        this.#held = noReads;
        break;
      }
      this.#hasRead = true;
      this.handler.onData(chunk, 0, chunk.length);
    }
    if (this.#isPaused || this.#isClosed) return;
    if (this.#isEndHeld) {
      this.#isEndHeld = false;
      this.#peerEnded();
    } else this.#updateReading();
  }

  #peerEnded(): void {
    if (this.#hasPeerEnded) return;
    this.#hasPeerEnded = true;
    this.handler.onEnd();
    if (this.#isShutdown && !this.#isClosed) this.#close(false);
  }

  #updateReading(): void {
    const wants = !this.#isPaused && !this.#isClosed && !this.#hasPeerEnded;
    if (this.#handle === null || wants === this.#isReading) return;
    this.#isReading = wants;
    if (wants) this.#handle.readStart();
    else this.#handle.readStop();
  }

  #close(isAbort: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#release();
    this.#closeHandle(this.#handle, isAbort && !this.#isShuttingDown, () =>
      this.handler.onClose(this.#error),
    );
  }

  /** Memory in flight stays pinned: its completion, with an error, comes before the close. */
  #release(): void {
    this.#count(0);
    this.#queue.clear();
    this.#queue = emptyQueue;
    this.#held.clear();
    this.#held = noReads;
    if (this.#readBuffer !== sharedReadBuffer) returnReadBlock(this.#readBuffer);
    this.#readBuffer = sharedReadBuffer;
  }

  #unpin(): void {
    if (this.#pinnedMemory !== null) releaseBlock(this.#pinnedMemory);
    if (this.#pinnedBlock !== null) returnReadBlock(this.#pinnedBlock);
    this.#pinnedMemory = null;
    this.#pinnedBlock = null;
  }
}

function onRead(this: RawHandle): Buffer | undefined {
  const transport = this.tulleOwner as HandleTransport;
  const binding = rawBinding();
  return transport.received(binding.state[binding.readResultIndex]!);
}

function onWritten(this: RawWriteRequest, status: number): void {
  const transport = this.tulleOwner as HandleTransport;
  retireWriteRequest(this);
  transport.written(status);
}

function onShutdown(this: RawRequest, status: number): void {
  (this.tulleOwner as HandleTransport).shutdownDone(status);
}

export function systemError(status: number, phase: TransportPhase): TransportError {
  const code = getSystemErrorName(status);
  return new TransportError(code, phase, `${phase} failed: ${code}`);
}
