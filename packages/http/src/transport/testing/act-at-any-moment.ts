/**
 * A program for transport-moments.test.ts, since what it looks for would end the test's own process:
 * ends, aborts and pauses connections at every moment at which a handler may, then sees whether each
 * tells of its close, once. Prints what does not hold, a line each.
 * Arguments: the backend, and `tls` or `plain`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTcp } from '../connect-tcp.ts';
import { connectTls } from '../connect-tls.ts';
import { listenTcp } from '../listen-tcp.ts';
import { listenTls, type TlsListener } from '../listen-tls.ts';
import { TlsSessionCache } from '../tls-session-cache.ts';
import type { Listener, Transport, TransportBackend } from '../transport.ts';
import { testIdentities } from './connected-pair.ts';
import { RecordingHandler } from './recording-handler.ts';
import { clientContext } from './test-identity.ts';

const [backend, security] = process.argv.slice(2) as [TransportBackend, string];
const block = Buffer.alloc(3_000_000, 1);
/** More than is taken without a pause: by the kernel, or over TLS. */
const flood = Buffer.alloc(security === 'tls' ? 300_000 : 12_000_000, 1);
const identities = await testIdentities();
const [server, client] = identities;
const secureContext = clientContext(client);
const settings = { ...server, alpnProtocols: ['tulle'] };

const MAX_WAITS = 600;

type Side = 'client' | 'server';
type Step = (transport: Transport) => void;

const steps: Record<string, Step> = {
  abort: (transport) => transport.abort(),
  end: (transport) => transport.end(),
  pause: (transport) => transport.pause(),
  resume: (transport) => transport.resume(),
  write: (transport) => transport.write(block, 0, 5),
  'write a block': (transport) => transport.write(block, 0, block.length),
};
const acts = [
  ['abort'],
  ['abort', 'abort'],
  ['end'],
  ['end', 'abort'],
  ['pause', 'abort'],
  ['pause', 'resume', 'abort'],
  ['write', 'end', 'abort'],
  ['write a block', 'abort'],
  ['write a block', 'end', 'abort'],
];

/** When the act comes, from the moment on: in the call itself, or soon after it. */
const delays: Record<string, (act: () => void) => void> = {
  'at once': (act) => act(),
  'in a microtask': queueMicrotask,
  'in the next tick': process.nextTick,
  'in an immediate': setImmediate,
};
const moments: readonly [Side, string][] = [
  ['client', 'dial'],
  ['client', 'handshake'],
  ['client', 'connection'],
  ['client', 'data'],
  ['client', 'drain'],
  ['client', 'close'],
  ['server', 'connection'],
  ['server', 'data'],
  ['server', 'end'],
  ['server', 'drain'],
  ['server', 'close'],
];

/** One connection, and what is to be done to it. */
class Case {
  readonly name: string;
  readonly #side: Side;
  readonly #moment: string;
  readonly #act: Step;
  readonly #transports: Transport[] = [];
  readonly #handlers: RecordingHandler[] = [];
  #listener: Listener | null = null;
  #acted = 0;

  constructor(name: string, [side, moment]: readonly [Side, string], act: Step) {
    this.name = name;
    this.#side = side;
    this.#moment = moment;
    this.#act = act;
  }

  async run(): Promise<string[]> {
    this.#listener = await this.#listen();
    const dialed = this.#dial(this.#listener.port);
    this.#reach('client', 'dial', dialed);
    setTimeout(() => this.#reach('client', 'handshake', dialed), 4);
    for (let waits = 0; waits < MAX_WAITS && !this.#isUnderWay(); waits++) await sleep(10);
    await sleep(200);
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      // Again and again: on a busy machine a connection may be accepted late.
      for (const transport of this.#transports) transport.abort();
      if (this.#faults().length === 0) break;
      await sleep(10);
    }
    await this.#listener.close();
    return this.#faults().map((fault) => `${this.name}: ${fault}`);
  }

  /** The act has begun; a close is what the end of the case brings. */
  #isUnderWay(): boolean {
    return this.#moment === 'close' ? this.#transports.length === 2 : this.#acted > 0;
  }

  #faults(): string[] {
    const faults: string[] = [];
    if (this.#acted === 0) faults.push('the moment never came');
    const silent = this.#handlers.filter((handler) => !handler.closed).length;
    if (silent > 0) faults.push(`${silent} of ${this.#handlers.length} never told of their close`);
    const count = this.#listener!.connectionCount;
    if (count > 0) faults.push(`${count} connections are still counted`);
    return faults;
  }

  #reach(side: Side, moment: string, transport: Transport): void {
    if (side !== this.#side || moment !== this.#moment || this.#acted > 0) return;
    this.#acted++;
    this.#act(transport);
  }

  #handler(side: Side, transport: () => Transport): RecordingHandler {
    const handler = new RecordingHandler();
    handler.keeps = false;
    handler.onBytes = () => this.#reach(side, 'data', transport());
    handler.onEnded = () => this.#reach(side, 'end', transport());
    handler.onDrained = () => this.#reach(side, 'drain', transport());
    handler.onClosed = () => this.#reach(side, 'close', transport());
    this.#handlers.push(handler);
    return handler;
  }

  #opened(side: Side, transport: Transport): void {
    this.#transports.push(transport);
    this.#reach(side, 'connection', transport);
    if (this.#moment === 'drain' && side === this.#side) transport.write(flood, 0, flood.length);
    else transport.write(block, 0, 5);
    if (side === 'client' && this.#moment === 'end') transport.end();
  }

  #listen(): Promise<Listener> {
    const onConnection = (transport: Transport) => {
      transport.handler = this.#handler('server', () => transport);
      this.#opened('server', transport);
    };
    const onError = (error: Error) => {
      throw error;
    };
    const base = { host: '127.0.0.1', port: 0, backend, onConnection, onError };
    if (security === 'plain') return listenTcp(base);
    const listening: Promise<TlsListener> = listenTls({
      ...base,
      settings,
      handshakeTimeoutMs: 2000,
      // Settings may change while handshakes are under way: here, within each of them.
      verifyPeer: () => {
        (this.#listener as TlsListener).updateSettings(settings);
        return null;
      },
      onRefused() {},
    });
    return listening;
  }

  #dial(port: number): Transport {
    const handler = this.#handler('client', () => dialed);
    const onConnect = (transport: Transport) => this.#opened('client', transport);
    const base = { host: '127.0.0.1', port, backend, connectTimeoutMs: 4000, handler, onConnect };
    const dialed: Transport =
      security === 'plain'
        ? connectTcp(base)
        : connectTls({
            ...base,
            secureContext,
            serverName: 'server.test',
            alpnProtocols: ['tulle'],
            sessionCache: new TlsSessionCache(),
            sessionKey: 'server',
            verifyPeer: () => null,
          });
    return dialed;
  }
}

const cases = moments.flatMap(([side, moment]) =>
  acts.flatMap((act) =>
    Object.entries(delays).map(([when, delay]) => {
      const run: Step = (transport) => delay(() => act.forEach((step) => void steps[step]!(transport)));
      return new Case(`${side}, ${moment}, ${when}: ${act.join(', ')}`, [side, moment], run);
    }),
  ),
);
// A few at a time: handshakes must not run into their time limit.
const BATCH = 42;
let faults: string[] = [];
for (let at = 0; at < cases.length; at += BATCH) {
  const found = await Promise.all(cases.slice(at, at + BATCH).map((one) => one.run()));
  faults = faults.concat(...found);
}
for (const fault of faults) console.log(fault);
console.log(`${cases.length} cases`);
