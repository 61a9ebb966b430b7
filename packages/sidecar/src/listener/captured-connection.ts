/**
 * A captured connection until it is known what it carries. Its first bytes decide; a client that is silent may
 * wait for its server to speak, so that one is dialled meanwhile, and whoever speaks first settles it.
 */
import type { Transport, TransportError, TransportHandler } from '@tulle/http';
import type { DetectionResult } from '../metrics.ts';
import type { OpenConnection } from '../proxy/downstream-context.ts';
import { type Failure, failures } from '../proxy/failure.ts';
import type { Swept } from '../proxy/sweep.ts';
import type { RelayParts } from '../tcp/relay-parts.ts';
import type { TcpDial, TcpDialOwner } from '../tcp/tcp-dial.ts';
import { type Decided, FirstBytes, type FirstBytesOwner } from './first-bytes.ts';
import type { ListenerContext } from './listener-context.ts';

/** What the two sides do differently, for one connection. */
export interface CapturedRoute {
  /** `opaque`: nobody's first bytes are waited for. */
  readonly expects: 'opaque' | 'any';
  /** By which it is remembered who speaks first. */
  readonly destination: string;
  /** Whom the port's declared protocol has speak first, where it tells. */
  readonly speaksFirst: 'client' | 'server' | null;
  /** Whether a silent client's server may be dialled. */
  readonly mayDialInSilence: boolean;
  /** Sets the transport's handler. */
  serveHttp(transport: Transport): void;
  /** False: it is not for us, and goes through as bytes. Else the connection is taken, with `unread`. */
  takeTls(transport: Transport, protocols: readonly string[], unread: Buffer): boolean;
  /** A Failure: what is no HTTP is not let through, or leads nowhere. */
  dial(owner: TcpDialOwner): TcpDial | Failure;
  /** Both stand: from now on they are the relay's. */
  relay(parts: RelayParts): void;
  /** It is known what it carries. */
  detected(result: DetectionResult): void;
  /** It ended before it carried anything. */
  failed(failure: Failure, detail: string): void;
}

/** Of a drain: for the first bytes of either side, where both have been silent. */
const drainMs = 1_000;

export class CapturedConnection
  implements FirstBytesOwner, TcpDialOwner, TransportHandler, OpenConnection, Swept
{
  readonly plainPort = null;
  readonly #transport: Transport;
  readonly #route: CapturedRoute;
  readonly #context: ListenerContext;
  #firstBytes: FirstBytes | null = null;
  #dial: TcpDial | null = null;
  /** The client's bytes are no HTTP and no TLS of ours; null until that is known. */
  #early: Buffer | null = null;
  #protocol: 'tcp' | 'tls' = 'tcp';
  #hasEnded = false;
  readonly #sinceMs: number;
  #isOver = false;

  constructor(transport: Transport, route: CapturedRoute, context: ListenerContext) {
    this.#transport = transport;
    this.#route = route;
    this.#context = context;
    this.#sinceMs = context.sweep.nowMs;
    context.http.context.connections.add(this);
    context.sweep.add(this);
  }

  begin(): void {
    if (this.#route.expects === 'opaque') {
      this.#passThrough(Buffer.alloc(0));
      return;
    }
    const { clock, memory } = this.#context;
    const waitMs = memory.waitMs(this.#route.destination, this.#route.speaksFirst);
    this.#firstBytes = new FirstBytes(this.#transport, this, { clock, waitMs });
  }

  onDecided(protocol: Decided, buffer: Buffer, start: number, end: number): void {
    this.#hasEnded = this.#firstBytes?.hasEnded ?? false;
    if (end > start) this.#context.memory.remember(this.#route.destination, 'client');
    this.#route.detected(protocol.kind === 'opaque' ? 'bytes' : protocol.kind);
    switch (protocol.kind) {
      case 'http':
        this.#dial?.cancel();
        this.#leave();
        this.#route.serveHttp(this.#transport);
        this.#transport.handler.onData(buffer, start, end);
        return;
      case 'tls':
        this.#tls(protocol.hello.alpnProtocols, Buffer.from(buffer.subarray(start, end)));
        return;
      case 'opaque':
        this.#passThrough(Buffer.from(buffer.subarray(start, end)));
        return;
    }
  }

  onSilence(): void {
    // Of a client that is to speak first nothing is learnt by dialling: it has connected ahead of its need.
    if (this.#route.mayDialInSilence && this.#route.speaksFirst !== 'client') this.#startDial();
  }

  onGone(error: TransportError | null): void {
    this.#dial?.cancel();
    this.#leave();
    if (error !== null) this.#route.failed(failures.downstreamClosed, error.message);
  }

  onUpstreamOpen(): void {
    if (this.#early !== null) this.#commit(this.#early);
  }

  onUpstreamSpoke(): void {
    if (this.#early === null) {
      this.#context.memory.remember(this.#route.destination, 'server');
      this.#route.detected('server_first');
    }
    this.#commit(this.#early ?? this.#firstBytes?.takeOver() ?? Buffer.alloc(0));
  }

  onUpstreamFailed(failure: Failure, detail: string): void {
    this.#fail(failure, detail);
  }

  /** While its bytes wait for the server, it is paused. */
  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}

  onClose(error: TransportError | null): void {
    if (!this.#isOver) this.onGone(error);
  }

  /** Nobody has spoken: neither the client, nor the server if that may be asked. */
  onSweep(nowMs: number): void {
    const { handshakeMs, tcpIdleMs } = this.#context.settings.timeouts;
    const limitMs = this.#route.mayDialInSilence ? tcpIdleMs : handshakeMs;
    if (nowMs - this.#sinceMs >= limitMs) this.#fail(failures.streamIdle, '');
  }

  /** Its first bytes may be on their way: what they make of it is told of the drain in its turn. */
  drain(): void {
    this.#context.clock.schedule(drainMs, () => {
      if (this.#early === null) this.cutAtDeadline();
    });
  }

  /** Nothing of it has been carried. */
  endForPolicy(): void {
    this.cutAtDeadline();
  }

  cutAtDeadline(): void {
    this.#fail(failures.drained, '');
  }

  #tls(protocols: readonly string[], bytes: Buffer): void {
    if (!this.#route.takeTls(this.#transport, protocols, bytes)) {
      this.#protocol = 'tls';
      this.#passThrough(bytes);
      return;
    }
    this.#dial?.cancel();
    this.#leave();
  }

  /** What the client says is not looked at any further. */
  #passThrough(bytes: Buffer): void {
    this.#early = bytes;
    this.#transport.pause();
    this.#transport.handler = this;
    if (!this.#context.tcp.admits()) {
      this.#fail(failures.overloaded, '');
      return;
    }
    if (this.#dial?.isOpen === true) this.#commit(bytes);
    else if (this.#dial === null) this.#startDial();
  }

  #startDial(): void {
    const dial = this.#route.dial(this);
    if ('reason' in dial) {
      this.#fail(dial, '');
      return;
    }
    this.#dial = dial;
    const failure = dial.start();
    if (failure !== null) this.#fail(failure, '');
  }

  #commit(early: Buffer): void {
    if (this.#isOver || this.#dial === null) return;
    this.#leave();
    const hasEnded = this.#hasEnded;
    const { downstream, dial, protocol } = {
      downstream: this.#transport,
      dial: this.#dial,
      protocol: this.#protocol,
    };
    this.#route.relay({ downstream, dial, early, hasEnded, protocol });
  }

  #fail(failure: Failure, detail: string): void {
    if (this.#isOver) return;
    this.#firstBytes?.takeOver();
    this.#dial?.cancel();
    this.#leave();
    this.#transport.abort();
    this.#route.failed(failure, detail);
  }

  #leave(): void {
    this.#isOver = true;
    this.#context.http.context.connections.delete(this);
    this.#context.sweep.delete(this);
  }
}
