/** A connection under test, what it is told, and the judge of what it writes. */

import { requestOf } from '../../src/h1/testing/parse.ts';
import { H2ClientConnection } from '../../src/h2/h2-client-connection.ts';
import { H2ServerConnection } from '../../src/h2/h2-server-connection.ts';
import { MemoryTransport } from '../../src/h2/testing/memory-transport.ts';
import { StrictFrames } from '../testing/strict-frames.ts';
import { CountingOwner } from './counting-owner.ts';
import { drive, quiet } from './drive.ts';
import { FuzzClientExchange } from './fuzz-client-exchange.ts';
import { clock, fuzzOptions, PASSING_MS } from './fuzz-limits.ts';
import { FuzzServer } from './fuzz-server.ts';
import { mustHold } from './fuzz-target.ts';
import { hashOf, Random } from './random.ts';
import { CALM_BELOW } from './received.ts';

const MAX_EXCHANGES = 8;
/** A connection may hold what it was told to send, and no more than the limits say beside it. */
const MAX_QUEUED_BYTES = 2_000_000;
const BODY = Buffer.from('hello');

interface Party {
  readonly input: Buffer;
  readonly isCalm: boolean;
  readonly random: Random;
  readonly transport: MemoryTransport;
  readonly frames: StrictFrames;
  readonly faults: readonly unknown[];
}

function partyOf(input: Buffer, role: 'server' | 'client'): Party {
  const isCalm = (input[0] ?? 0) < CALM_BELOW;
  const random = new Random(isCalm ? (input[0] ?? 0) : hashOf(input));
  const transport = new MemoryTransport();
  clock.nowMs = 1_000;
  const frames = new StrictFrames(role, fuzzOptions.limits.h2.connectionWindowBytes);
  const faults: unknown[] = [];
  transport.onWritten = (written) => {
    try {
      frames.onWritten(written);
    } catch (fault) {
      // To be thrown where the run looks for it, and not through the connection's own frames.
      faults.push(fault);
    }
  };
  return { faults, input, isCalm, random, transport, frames };
}

/** Delivers, lets both sides finish, and breaks the connection where it still stands. */
async function play(party: Party, prefix: Buffer, cuts: readonly number[], poke: () => void): Promise<void> {
  const { transport, frames, random, isCalm } = party;
  const bytes = party.input.subarray(1);
  frames.onPeerBytes(bytes);
  if (prefix.length > 0) transport.deliver(prefix);
  await drive(transport, bytes, cuts, () => {
    if (!isCalm) {
      transport.take(random.below(4) > 0);
      clock.nowMs += random.pick(PASSING_MS);
    }
    mustHold(transport.queuedBytes < MAX_QUEUED_BYTES, 'what waits for the peer is bounded');
    poke();
  });
  transport.take(true);
  await quiet();
  if (random.oneIn(2)) transport.deliverEnd();
  await quiet();
  if (party.faults.length > 0) throw party.faults[0];
  if (transport.isEnded && !transport.isAborted) frames.finish();
  transport.fail(null);
  await quiet();
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** What the application saw of the requests in the input. */
export async function serveFrames(input: Buffer, cuts: readonly number[]): Promise<string> {
  const party = partyOf(input, 'server');
  const { transport, random, isCalm } = party;
  const server = new FuzzServer(random, isCalm);
  const connection = new H2ServerConnection(transport, server, fuzzOptions);
  server.onNervous = () => {
    if (random.oneIn(2)) connection.drain();
    else {
      server.gaveUp();
      connection.abort();
    }
  };
  await play(party, PREFACE, cuts, () => {
    for (const exchange of server.exchanges) exchange.poke();
    mustHold(
      connection.activeStreams <= fuzzOptions.limits.h2.maxConcurrentStreams,
      'streams within the limit',
    );
    connection.onSweep(clock.nowMs);
  });
  mustHold(server.closes === 1, 'onClose comes once');
  mustHold(connection.activeStreams === 0, 'no stream is left');
  return server.text;
}

/** Before the others: whether a server takes extended CONNECT at all it says at a moment of its own. */
const NERVOUS_REQUESTS = 1;
const UPGRADE =
  'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const REQUESTS = [
  `GET /ws HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`,
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
];

/** What came back, request by request. */
export async function askFrames(input: Buffer, cuts: readonly number[]): Promise<string> {
  const party = partyOf(input, 'client');
  const { transport, random, isCalm } = party;
  const owner = new CountingOwner();
  const connection = new H2ClientConnection(owner, fuzzOptions);
  connection.transport = transport;
  transport.handler = connection;
  const exchanges: FuzzClientExchange[] = [];
  const open = () => {
    if (connection.capacity > 0 && exchanges.length < MAX_EXCHANGES) {
      const requests = isCalm ? REQUESTS.slice(NERVOUS_REQUESTS) : REQUESTS;
      exchanges.push(send(connection, random.pick(requests), isCalm ? null : random));
    }
  };
  for (let left = 4; left > 0; left--) open();
  connection.onConnect();
  await play(party, Buffer.alloc(0), cuts, () => {
    for (const exchange of exchanges) exchange.poke();
    if (isCalm) return;
    if (random.oneIn(2)) open();
    if (random.oneIn(16)) connection.retire();
    connection.onSweep(clock.nowMs);
  });
  mustHold(owner.closes === 1, 'onClosed comes once');
  mustHold(connection.activeStreams === 0 && connection.capacity === 0, 'no stream is left');
  for (const { received } of exchanges) mustHold(received.isOver || received.hasEnded, 'every exchange ends');
  return exchanges.map(({ outcome }) => outcome).join('---\n');
}

function send(connection: H2ClientConnection, request: string, random: Random | null): FuzzClientExchange {
  const head = requestOf(request);
  const exchange = new FuzzClientExchange(head.asksForTunnel, random);
  exchange.stream = connection.open(exchange);
  const hasBody = head.encodingIndex >= 0 || head.contentLength > 0;
  const isEnd = !head.asksForTunnel && !hasBody;
  exchange.received.during(() => {
    mustHold(exchange.stream.sendRequest(head, null, null, isEnd), 'a request that fits');
    const isWhole = hasBody && (random === null || head.contentLength > 0);
    if (isWhole) exchange.stream.sendBody(BODY, 0, BODY.length, true);
    if (isWhole || isEnd) exchange.sentAll();
  });
  return exchange;
}
