/**
 * A client, one proxy or two, and an origin, all in memory: the client and the origin are bytes that the test
 * writes and reads. Behind one proxy HTTP/1.1 is spoken (`direct`); between two of them HTTP/2 (`mesh`).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientConnection, ClientConnectionOwner } from '../../src/exchange/exchange.ts';
import { defaultHttpLimits, defaultServerTimeouts } from '../../src/exchange/limits.ts';
import { serveHttp } from '../../src/exchange/serve-http.ts';
import { Forwarder } from '../../src/exchange/testing/forward.ts';
import { H1ClientConnection } from '../../src/h1/h1-client-connection.ts';
import { H2ClientConnection } from '../../src/h2/h2-client-connection.ts';
import { MemoryTransport } from '../../src/h2/testing/memory-transport.ts';

export type Route = 'direct' | 'mesh';

/** Turns of the loop without a byte, after which nothing more is to come. */
const QUIET_TURNS = 4;
const MAX_TURNS = 10_000;

const observer = { onLimit() {}, onProtocolError() {} };
const clientOptions = { limits: defaultHttpLimits, observer, nowMs: () => 1_000 };
const serverOptions = { ...clientOptions, timeouts: defaultServerTimeouts };

/** The far end of a connection of a proxy. */
export class FarEnd {
  readonly transport = new MemoryTransport();
  received: Buffer = Buffer.alloc(0);
  onBytes: (bytes: Buffer) => void = () => {};
  readonly #chain: ProxyChain;

  constructor(chain: ProxyChain) {
    this.#chain = chain;
    this.transport.onWritten = (bytes) => {
      this.#chain.moves++;
      this.received = Buffer.concat([this.received, bytes]);
      this.onBytes(bytes);
    };
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** The proxy has ended its side, in order or not. */
  get isOver(): boolean {
    return this.transport.isOver;
  }

  /** From a later turn, as bytes of another process come. */
  send(bytes: Buffer | string): void {
    const copy = Buffer.from(bytes as string, 'latin1');
    this.#chain.later(() => this.transport.deliver(copy));
  }

  end(): void {
    this.#chain.later(() => this.transport.deliverEnd());
  }
}

export class ProxyChain {
  readonly client: FarEnd;
  /** Connections to the origin, in the order in which they were made. */
  readonly origins: FarEnd[] = [];
  moves = 0;
  readonly #onOrigin: (origin: FarEnd) => void;
  readonly #front: Forwarder;

  constructor(route: Route, onOrigin: (origin: FarEnd) => void) {
    this.#onOrigin = onOrigin;
    const toOrigin = new Forwarder((owner) => this.#dialOrigin(owner));
    this.#front = route === 'direct' ? toOrigin : new Forwarder((owner) => this.#dialProxy(owner, toOrigin));
    this.client = this.connect();
  }

  /** Another client. */
  connect(): FarEnd {
    const client = new FarEnd(this);
    serveHttp(client.transport, this.#front, serverOptions);
    return client;
  }

  /** Until nothing moves any more. */
  async settle(): Promise<void> {
    let quiet = 0;
    let moves = this.moves;
    for (let turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns > MAX_TURNS) throw new Error('the proxies never come to rest');
      await nextTurn();
      quiet = moves === this.moves ? quiet + 1 : 0;
      moves = this.moves;
    }
  }

  later(move: () => void): void {
    this.moves++;
    setImmediate(() => {
      this.moves++;
      move();
    });
  }

  #dialOrigin(owner: ClientConnectionOwner): ClientConnection {
    const origin = new FarEnd(this);
    this.origins.push(origin);
    const connection = new H1ClientConnection(owner, clientOptions);
    attach(connection, origin.transport);
    this.#onOrigin(origin);
    this.later(() => connection.onConnect());
    return connection;
  }

  #dialProxy(owner: ClientConnectionOwner, next: Forwarder): ClientConnection {
    const near = new MemoryTransport();
    const far = new MemoryTransport();
    this.#join(near, far);
    this.#join(far, near);
    const connection = new H2ClientConnection(owner, clientOptions);
    attach(connection, near);
    serveHttp(far, next, serverOptions);
    this.later(() => connection.onConnect());
    return connection;
  }

  /** What is written to the one is read from the other, one turn later. */
  #join(from: MemoryTransport, to: MemoryTransport): void {
    from.onWritten = (bytes) => this.later(() => to.deliver(Buffer.from(bytes)));
    from.onOver = () => this.later(() => (from.isEnded ? to.deliverEnd() : to.fail(null)));
  }
}

function attach(connection: H1ClientConnection | H2ClientConnection, transport: MemoryTransport): void {
  connection.transport = transport;
  transport.handler = connection;
}
