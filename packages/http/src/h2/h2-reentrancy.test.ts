/** Handlers may call anything from within any event: each event of either side, with each call in it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ClientConnectionOwner, ServerConnectionHandler, ServerStream } from '../exchange/exchange.ts';
import { defaultHttpLimits, defaultServerTimeouts } from '../exchange/limits.ts';
import { requestOf } from '../h1/testing/parse.ts';
import type { RequestHead } from '../message/request-head.ts';
import { H2ClientConnection } from './h2-client-connection.ts';
import { H2ServerConnection } from './h2-server-connection.ts';
import { ClientExchange } from './testing/client-under-test.ts';
import { MemoryTransport } from './testing/memory-transport.ts';
import { fieldSection, ServerExchange } from './testing/server-under-test.ts';

const BODY = Buffer.alloc(100_000, 'x');
const postHead = requestOf('POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n');
const getHead = requestOf('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');

type Event = 'onRequest' | 'onInterim' | 'onResponse' | 'onBody' | 'onTrailers' | 'onDrain' | 'onAbort';
type Act = (pair: Pair, exchange: ServerExchange | ClientExchange) => unknown;

/** A client and a server connection back to back; one event of one side calls `act`, once. */
class Pair implements ServerConnectionHandler, ClientConnectionOwner {
  readonly server: H2ServerConnection;
  readonly client: H2ClientConnection;
  readonly clientExchanges: ClientExchange[] = [];
  readonly serverExchanges: ServerExchange[] = [];
  closes = 0;
  retirings = 0;
  hasActed = false;
  /** No event of a stream may come after its connection was aborted. */
  readonly aborted = { client: false, server: false };
  #reads = 0;
  readonly #side: 'client' | 'server';
  readonly #event: Event;
  readonly #act: Act;
  /** onAbort comes because the connection breaks, of all streams at once. */
  readonly #breaks: boolean;

  constructor(side: 'client' | 'server', event: Event, act: Act, breaks: boolean) {
    this.#breaks = breaks;
    this.#side = side;
    this.#event = event;
    this.#act = act;
    const [near, far] = [new MemoryTransport(), new MemoryTransport()];
    // DATA frames come in pieces.
    near.readBytes = far.readBytes = 7001;
    const onRead = () => this.#reads++;
    link(near, far, onRead);
    link(far, near, onRead);
    const observer = {
      onLimit() {},
      onProtocolError: (_: number, reason: string) => expect.unreachable(reason),
    };
    const h2 = { ...defaultHttpLimits.h2, streamWindowBytes: 65_535, maxStreamWindowBytes: 65_535 };
    const options = {
      limits: { ...defaultHttpLimits, h2 },
      timeouts: defaultServerTimeouts,
      observer,
      nowMs: () => 0,
    };
    this.server = new H2ServerConnection(far, this, options);
    this.client = new H2ClientConnection(this, options);
    this.client.transport = near;
    near.handler = this.client;
    this.client.onConnect();
  }

  /** A stream with everything: bodies above the window both ways, an interim head, trailers both ways. */
  post(): ClientExchange {
    const exchange = this.open();
    exchange.stream.sendRequest(postHead, null, null, false);
    // Larger than the window: onDrain comes, and ends it.
    if (exchange.send(BODY)) exchange.sendTrailers([['x-sent', 'yes']]);
    return exchange;
  }

  get(): ClientExchange {
    const exchange = this.open();
    exchange.stream.sendRequest(getHead, null, null, true);
    return exchange;
  }

  open(): ClientExchange {
    const exchange = new ClientExchange();
    exchange.keepsBody = false;
    this.clientExchanges.push(exchange);
    this.#watch(exchange, 'client', [
      'onInterim',
      'onResponse',
      'onBody',
      'onTrailers',
      'onDrain',
      'onAbort',
    ]);
    exchange.stream = this.client.open(exchange);
    return exchange;
  }

  onRequest(stream: ServerStream, head: RequestHead, isEnd: boolean): void {
    const exchange = new ServerExchange(stream, head, isEnd);
    exchange.keepsBody = false;
    stream.handler = exchange;
    this.serverExchanges.push(exchange);
    this.#watch(exchange, 'server', ['onBody', 'onTrailers', 'onDrain', 'onAbort']);
    this.#maybeAct('server', 'onRequest', exchange);
    exchange.interim(103);
    exchange.respond(200, [], false);
    if (exchange.send(BODY)) exchange.sendTrailers([['x-got', 'yes']]);
  }

  #watch(
    exchange: ServerExchange | ClientExchange,
    side: 'client' | 'server',
    events: readonly Event[],
  ): void {
    const methods = exchange as unknown as Record<Event, (...args: unknown[]) => void>;
    for (const event of events) {
      const method = methods[event];
      methods[event] = (...args) => {
        expect(this.aborted[side], `${event} after ${side}.abort()`).toBe(false);
        if (event === 'onBody' && exchange instanceof ClientExchange) expect(exchange.status).toBe(200);
        method.apply(exchange, args);
        this.#maybeAct(side, event, exchange);
        if (event === 'onDrain') exchange.stream.sendTrailers(trailersOf(side));
        this.#provokeAbort(side, event, exchange);
      };
    }
  }

  #maybeAct(side: 'client' | 'server', event: Event, exchange: ServerExchange | ClientExchange): void {
    if (this.hasActed || side !== this.#side || event !== this.#event) return;
    this.hasActed = true;
    this.#act(this, exchange);
  }

  /** To see onAbort on one side, the other gives its stream up. */
  #provokeAbort(side: 'client' | 'server', event: Event, exchange: ServerExchange | ClientExchange): void {
    if (this.#event !== 'onAbort' || this.hasActed || side === this.#side) return;
    if (event !== 'onBody') return;
    if (!this.#breaks) exchange.stream.abort('cancel');
    else
      for (const { transport } of [this.client, this.server])
        setImmediate(() => (transport as MemoryTransport).fail(null));
  }

  onBadRequest(): void {
    expect.unreachable();
  }

  onClose(): void {
    this.closes++;
  }

  onCapacity(): void {}

  onRetiring(): void {
    this.retirings++;
  }

  onClosed(): void {
    this.closes++;
  }

  /** Until neither end has sent anything for some turns. */
  async settled(): Promise<void> {
    for (let quietTurns = 0, seen = -1; quietTurns < 10; quietTurns++) {
      if (seen !== this.#reads) quietTurns = 0;
      seen = this.#reads;
      await nextTurn();
    }
  }
}

function trailersOf(side: 'client' | 'server') {
  return fieldSection([[side === 'client' ? 'x-sent' : 'x-got', 'yes']]);
}

/** What one end writes is read by the other in a later turn, as over a socket. */
function link(from: MemoryTransport, to: MemoryTransport, onRead: () => void): void {
  from.onWritten = (bytes) =>
    setImmediate(() => {
      onRead();
      if (!to.isOver) to.deliver(bytes);
    });
  from.onOver = () => setImmediate(() => (from.isAborted ? to.fail(null) : to.deliverEnd()));
}

const clientEvents: readonly Event[] = [
  'onInterim',
  'onResponse',
  'onBody',
  'onTrailers',
  'onDrain',
  'onAbort',
];
const serverEvents: readonly Event[] = ['onRequest', 'onBody', 'onTrailers', 'onDrain', 'onAbort'];

const acts: Record<string, Act> = {
  'gives the stream up': (_, exchange) => exchange.abort('cancel'),
  'gives every stream of its side up': (pair, exchange) => {
    const all = exchange instanceof ServerExchange ? pair.serverExchanges : pair.clientExchanges;
    for (const it of all) if (it.failure === null && !it.isEnded) it.stream.abort('internal');
  },
  'gives the stream up while paused, and begins others': (pair, { stream }) => {
    stream.pause();
    stream.abort('cancel');
    if (pair.client.capacity > 0) pair.post();
  },
  'ends the message': (_, exchange) => exchange.send('last', true),
  'pauses and resumes': (_, { stream }) => {
    stream.pause();
    stream.resume();
    stream.pause();
    setImmediate(() => stream.resume());
  },
  'pauses, and gives the stream up once it holds bytes': async (_, exchange) => {
    exchange.stream.pause();
    const bodyBytes = exchange.bodyBytes;
    for (let turns = 0; turns < 5 && exchange.bodyBytes < bodyBytes + 10_000; turns++) await nextTurn();
    if (exchange.failure === null && !exchange.isEnded) exchange.stream.abort('cancel');
  },
  'sends more': (_, exchange) => exchange.send(BODY),
  'opens other streams': (pair) => {
    if (pair.client.capacity === 0) return;
    pair.get();
    pair.post();
  },
  'aborts the client': (pair) => {
    pair.aborted.client = true;
    pair.client.abort();
  },
  'aborts the server': (pair) => {
    pair.aborted.server = true;
    pair.server.abort();
  },
  'drains the server': (pair) => pair.server.drain(),
  'retires the client': (pair) => pair.client.retire(),
};

const rows = Object.keys(acts).flatMap((act) => [
  ...clientEvents.map((event) => ['client', event, act, false] as const),
  ...serverEvents.map((event) => ['server', event, act, false] as const),
  ['client', 'onAbort', act, true] as const,
  ['server', 'onAbort', act, true] as const,
]);

describe('a handler', () => {
  it.each(rows)('of the %s, in %s, %s (the connection breaks: %s)', async (side, event, act, breaks) => {
    const pair = new Pair(side, event, acts[act]!, breaks);
    pair.post();
    pair.get();
    pair.post();
    pair.get();
    await pair.settled();
    expect(pair.hasActed, 'the event came').toBe(true);
    const mayOpen = pair.client.capacity > 0;
    if (mayOpen) {
      const later = pair.get();
      await pair.settled();
      expect([later.status, later.trailers]).toEqual([200, [['x-got', 'yes']]]);
    } else expect(pair.retirings + pair.closes, 'the connection ends').toBeGreaterThan(0);
    expect([pair.client.activeStreams, pair.server.activeStreams]).toEqual([0, 0]);
    expect([pair.client.receive.heldBytes, pair.server.receive.heldBytes], 'credit is with nobody').toEqual([
      0, 0,
    ]);
    for (const exchange of pair.clientExchanges) {
      if (mayOpen && exchange.failure === null && exchange.isEnded) expect(exchange.status).toBe(200);
    }
  });
});
