import { H1ServerConnection } from '../../../src/h1/h1-server-connection.ts';
import { MemoryTransport } from '../../../src/h2/testing/memory-transport.ts';
import {
  readStrictRequest,
  readStrictResponse,
  type StrictMessage,
  StrictRefusal,
} from '../../testing/strict-http1.ts';
import { repositoryCorpus } from '../corpus.ts';
import { drive, quiet } from '../drive.ts';
import { clock, fuzzOptions, PASSING_MS } from '../fuzz-limits.ts';
import { FuzzServer, type FuzzServerExchange } from '../fuzz-server.ts';
import { type FuzzTarget, mustHold, Violation } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { behaviourMutator } from '../mutate-frames.ts';
import { lineMutator } from '../mutate-lines.ts';
import { hashOf, Random } from '../random.ts';
import { CALM_BELOW } from '../received.ts';
import { cutsOf } from '../split.ts';
import { h1BodyLines, h1FieldLines, h1RequestLines, h1Words } from './dictionaries.ts';

/** The first byte of an input says how the application behaves; the rest is what a client sends. */
export const h1Server: FuzzTarget = {
  name: 'h1-server',
  about: 'requests end where a strict reader says; answers read as responses; the exchange contract holds',
  maxInputBytes: 4_096,
  mutators: [
    byteMutator(h1Words),
    lineMutator([...h1RequestLines, ...h1FieldLines, ...h1BodyLines]),
    lineMutator([...h1RequestLines, ...h1FieldLines, ...h1BodyLines]),
    behaviourMutator,
  ],
  seeds: () => [
    Buffer.from(
      '\x01GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    ),
    ...repositoryCorpus('h1-request-head').map(({ bytes }) => Buffer.concat([Buffer.of(1), bytes])),
  ],
  run,
};

async function run(input: Buffer): Promise<void> {
  const isCalm = (input[0] ?? 0) < CALM_BELOW;
  // An error in an unfinished line is found when the line ends, or earlier where it came whole.
  const bytes = Buffer.concat([input.subarray(1), Buffer.from('\n')]);
  const whole = await serve(input, bytes, [bytes.length]);
  outputMustHold(whole);
  if (!isCalm) {
    outputMustHold(await serve(input, bytes, cutsOf(bytes, 0)));
    return;
  }
  const sliced = await serve(input, bytes, cutsOf(bytes, 1));
  mustHold(
    sliced.server.text === whole.server.text,
    `the same in slices: ${whole.server.text} is not ${sliced.server.text}`,
  );
  mustHold(sliced.output === whole.output, 'the same answers in slices');
  requestsMustAgree(bytes.toString('latin1'), whole.server.exchanges);
}

interface Served {
  readonly server: FuzzServer;
  readonly output: string;
  /** It did not end in order. */
  readonly isCut: boolean;
}

async function serve(input: Buffer, bytes: Buffer, cuts: readonly number[]): Promise<Served> {
  const isCalm = (input[0] ?? 0) < CALM_BELOW;
  const random = new Random(isCalm ? (input[0] ?? 0) : hashOf(input));
  const transport = new MemoryTransport();
  clock.nowMs = 1_000;
  const server = new FuzzServer(random, isCalm);
  let output = '';
  transport.onWritten = (written) => {
    output += written.toString('latin1');
  };
  const connection = new H1ServerConnection(transport, server, fuzzOptions);
  server.onNervous = () => {
    if (random.oneIn(2)) return connection.drain();
    server.gaveUp();
    connection.abort();
  };
  await drive(transport, bytes, cuts, () => {
    for (const exchange of server.exchanges) exchange.poke();
    if (!isCalm) {
      transport.take(random.below(4) > 0);
      clock.nowMs += random.pick(PASSING_MS);
    }
    connection.onSweep(clock.nowMs);
  });
  transport.take(true);
  transport.deliverEnd();
  await quiet();
  transport.fail(null);
  mustHold(server.closes === 1, 'onClose comes');
  mustHold(connection.activeStreams === 0, 'no stream is left');
  return { server, output, isCut: transport.isAborted || !transport.isEnded };
}

/** All that was written is responses, one for each request, and nothing after the last. */
function outputMustHold({ server, output, isCut }: Served): void {
  let at = 0;
  for (const exchange of [...server.exchanges, null]) {
    for (let status = '1'; status.startsWith('1'); ) {
      if (at === output.length) return;
      const method = exchange?.method ?? 'GET';
      const message = readAnswer(output, at, method, isCut);
      if (message === null) return;
      status = message.start[1];
      at = message.end;
      // What follows is the tunnel's.
      if (status === '101' || (method === 'CONNECT' && status.startsWith('2'))) return;
    }
  }
  mustHold(at === output.length, 'no answer that no request asked for');
}

function readAnswer(output: string, at: number, method: string, isCut: boolean): StrictMessage | null {
  try {
    return readStrictResponse(output, at, { method, isClosed: true });
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    if (thrown.isIncomplete && isCut) return null;
    throw new Violation(`a strict reader refuses an answer: ${thrown.message}`);
  }
}

/** A second reader sees the same requests: the same bodies, and no other request between them. */
function requestsMustAgree(text: string, exchanges: readonly FuzzServerExchange[]): void {
  let at = 0;
  for (const { method, received, asksForTunnel, trailers } of exchanges) {
    if (asksForTunnel || !received.hasEnded) return;
    // RFC 9112 section 2.2 lets a server skip one empty line.
    if (text.startsWith('\r\n', at)) at += 2;
    const message = readAsked(text, at);
    if (message === null) return;
    mustHold(message.start[0] === method, 'the same method');
    mustHold(message.body.length === received.bytes, 'a body as long');
    mustHold(message.body.startsWith(received.text.slice(0, 4_096)), 'the same body');
    const fields = message.trailers.map(([name, value]) => `${name}: ${value}\n`).join('');
    mustHold(fields === trailers, 'the same trailers');
    at = message.end;
  }
}

function readAsked(text: string, at: number): StrictMessage | null {
  try {
    return readStrictRequest(text, at);
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    // The grammar of extensions is of no matter to us: they end here.
    if (/^chunk line "[0-9a-fA-F]{1,13};/.test(thrown.message)) return null;
    throw new Violation(`a strict reader refuses what was accepted: ${thrown.message}`);
  }
}
