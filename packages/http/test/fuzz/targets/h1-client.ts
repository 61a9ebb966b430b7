import { H1ClientConnection } from '../../../src/h1/h1-client-connection.ts';
import { requestOf } from '../../../src/h1/testing/parse.ts';
import { MemoryTransport } from '../../../src/h2/testing/memory-transport.ts';
import {
  readStrictRequest,
  readStrictResponse,
  type StrictMessage,
  StrictRefusal,
} from '../../testing/strict-http1.ts';
import { CountingOwner } from '../counting-owner.ts';
import { drive, quiet } from '../drive.ts';
import { FuzzClientExchange } from '../fuzz-client-exchange.ts';
import { fuzzOptions } from '../fuzz-limits.ts';
import { type FuzzTarget, mustHold, Violation } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { behaviourMutator } from '../mutate-frames.ts';
import { lineMutator } from '../mutate-lines.ts';
import { hashOf, Random } from '../random.ts';
import { CALM_BELOW } from '../received.ts';
import { cutsOf } from '../split.ts';
import { h1BodyLines, h1FieldLines, h1ResponseLines, h1Words } from './dictionaries.ts';

const UPGRADE =
  'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
/** By the first byte of an input. */
const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  `GET /ws HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`,
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
];
const MAX_EXCHANGES = 6;
const BODY = Buffer.from('hello');

/** The first byte of an input says what is asked, and how the caller behaves; the rest is what a server sends. */
export const h1Client: FuzzTarget = {
  name: 'h1-client',
  about:
    'responses end where a strict reader says; what is asked reads as requests; the exchange contract holds',
  maxInputBytes: 4_096,
  mutators: [
    byteMutator(h1Words),
    lineMutator([...h1ResponseLines, ...h1FieldLines, ...h1BodyLines]),
    lineMutator([...h1ResponseLines, ...h1FieldLines, ...h1BodyLines]),
    behaviourMutator,
  ],
  seeds: () =>
    [...REQUESTS.keys()].map((n) =>
      Buffer.from(
        `${String.fromCharCode(n)}HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n`,
      ),
    ),
  run,
};

async function run(input: Buffer): Promise<void> {
  const isCalm = (input[0] ?? 0) < CALM_BELOW;
  // An error in an unfinished line is found when the line ends, or earlier where it came whole.
  const bytes = Buffer.concat([input.subarray(1), Buffer.from('\n')]);
  const whole = await ask(input, bytes, [bytes.length]);
  requestsMustHold(whole.output);
  if (!isCalm) {
    requestsMustHold((await ask(input, bytes, cutsOf(bytes, 0))).output);
    return;
  }
  // What comes behind a response is refused, or answers the next request, as it came: one response at a time.
  const first = await ask(input, bytes, cutsOf(bytes, 1));
  mustHold(first.text === whole.text, `the same in slices: ${whole.text} is not ${first.text}`);
  responseMustAgree(bytes.toString('latin1'), whole);
}

interface Asked {
  readonly exchanges: readonly FuzzClientExchange[];
  readonly output: string;
  /** What the first exchange brought. */
  readonly text: string;
  readonly method: string;
}

async function ask(input: Buffer, bytes: Buffer, cuts: readonly number[]): Promise<Asked> {
  const isCalm = (input[0] ?? 0) < CALM_BELOW;
  const random = new Random(isCalm ? (input[0] ?? 0) : hashOf(input));
  const request = REQUESTS[(input[0] ?? 0) % REQUESTS.length]!;
  const transport = new MemoryTransport();
  const owner = new CountingOwner();
  const connection = new H1ClientConnection(owner, fuzzOptions);
  connection.transport = transport;
  transport.handler = connection;
  let output = '';
  transport.onWritten = (written) => {
    output += written.toString('latin1');
  };
  const exchanges: FuzzClientExchange[] = [];
  const open = () => {
    if (connection.capacity > 0 && exchanges.length < MAX_EXCHANGES) {
      exchanges.push(send(connection, request, isCalm ? null : random));
    }
  };
  open();
  connection.onConnect();
  await drive(transport, bytes, cuts, () => {
    for (const exchange of exchanges) exchange.poke();
    if (!isCalm) transport.take(random.below(4) > 0);
    open();
    connection.onSweep();
  });
  transport.take(true);
  transport.deliverEnd();
  await quiet();
  if (!isCalm && random.oneIn(4)) connection.retire();
  transport.fail(null);
  await quiet();
  mustHold(owner.closes === 1, 'onClosed comes once');
  mustHold(connection.activeStreams === 0 && connection.capacity === 0, 'no stream is left');
  for (const { received } of exchanges) mustHold(received.isOver || received.hasEnded, 'every exchange ends');
  return { exchanges, output, text: exchanges[0]!.outcome, method: request.split(' ')[0]! };
}

function send(connection: H1ClientConnection, request: string, random: Random | null): FuzzClientExchange {
  const head = requestOf(request);
  const exchange = new FuzzClientExchange(
    head.asksForTunnel,
    random,
    (status) => status === 101 || (head.isConnect && status < 300),
  );
  exchange.stream = connection.open(exchange);
  const isEnd = !head.asksForTunnel && head.encodingIndex < 0;
  exchange.received.during(() => {
    mustHold(exchange.stream.sendRequest(head, null, null, isEnd), 'a request that fits');
    const isWhole = random === null && !head.asksForTunnel && !isEnd;
    if (isWhole) exchange.stream.sendBody(BODY, 0, BODY.length, true);
    if (isWhole || isEnd) exchange.sentAll();
  });
  return exchange;
}

/** All that was written is requests, the last of them cut short where the response came first. */
function requestsMustHold(output: string): void {
  for (let at = 0; at < output.length; ) {
    try {
      const message = readStrictRequest(output, at);
      at = message.end;
      const isTunnel =
        message.start[0] === 'CONNECT' || message.fields.some(([name]) => /^upgrade$/i.test(name));
      if (isTunnel) return;
    } catch (thrown) {
      if (!(thrown instanceof StrictRefusal)) throw thrown;
      if (thrown.isIncomplete) return;
      throw new Violation(`a strict reader refuses what was asked: ${thrown.message}`);
    }
  }
}

/** Where the first exchange came to its end, a second reader sees the same response, and its end. */
function responseMustAgree(text: string, { exchanges, method }: Asked): void {
  const { received, status, text: heads } = exchanges[0]!;
  if (!received.hasEnded || received.bytes > 4_096) return;
  let at = 0;
  let message: StrictMessage;
  do {
    const next = readAnswer(text, at, method);
    if (next === null) return;
    message = next;
    at = message.end;
  } while (message.start[1].startsWith('1') && message.start[1] !== '101');
  mustHold(message.start[1] === String(status), `status ${status}, not ${message.start[1]}`);
  const isTunnel = status === 101 || (method === 'CONNECT' && status < 300);
  mustHold(received.text === (isTunnel ? text.slice(at) : message.body), 'the same body');
  const trailers = message.trailers.map(([name, value]) => `${name}: ${value}\n`).join('');
  mustHold(trailers === '' || heads.endsWith(`T ${trailers}`), 'the same trailers');
}

function readAnswer(text: string, at: number, method: string): StrictMessage | null {
  try {
    return readStrictResponse(text, at, { method, isClosed: true });
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    if (/^chunk line "[0-9a-fA-F]{1,13};/.test(thrown.message)) return null;
    // Taken, since servers send such: the space before the reason left out, and framing fields where none belong.
    if (/^status line "HTTP\/1.[0-9] [1-5][0-9][0-9]"$|frames a body/.test(thrown.message)) return null;
    throw new Violation(`a strict reader refuses what was accepted: ${thrown.message}`);
  }
}
