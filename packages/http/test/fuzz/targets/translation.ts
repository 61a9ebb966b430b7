import { type FarEnd, ProxyChain, type Route } from '../../testing/proxy-chain.ts';
import {
  type Field,
  readStrictResponse,
  type StrictMessage,
  StrictRefusal,
  valuesOf,
} from '../../testing/strict-http1.ts';
import { answerTarget, StrictOrigin } from '../../testing/strict-origin.ts';
import { repositoryCorpus } from '../corpus.ts';
import { type FuzzTarget, mustHold } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { lineMutator } from '../mutate-lines.ts';
import { h1BodyLines, h1FieldLines, h1RequestLines, h1Words } from './dictionaries.ts';

/** What a client sends, through one proxy over HTTP/1.1 and through two with HTTP/2 between them. */
export const translation: FuzzTarget = {
  name: 'translation',
  about: 'a request means the same to the origin, and its response to the client, with HTTP/2 on the way',
  maxInputBytes: 2_048,
  mutators: [byteMutator(h1Words), lineMutator([...h1RequestLines, ...h1FieldLines, ...h1BodyLines])],
  seeds: () => [
    Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nTE: trailers\r\nCookie: c=d\r\n\r\n'),
    ...repositoryCorpus('h1-request-head').map(({ bytes }) => bytes),
  ],
  run,
};

async function run(input: Buffer): Promise<void> {
  const direct = await send('direct', input);
  // An http URI has a host, which HTTP/2 insists on (RFC 9113 section 8.3.1) and HTTP/1.1 does not.
  if (direct.hasNoHost) return;
  const mesh = await send('mesh', input);
  mustHold(
    mesh.requests === direct.requests,
    `the same requests: ${direct.requests} is not ${mesh.requests}`,
  );
  mustHold(
    mesh.responses === direct.responses,
    `the same responses: ${direct.responses} is not ${mesh.responses}`,
  );
}

interface Sent {
  readonly requests: string;
  readonly responses: string;
  readonly hasNoHost: boolean;
}

async function send(route: Route, input: Buffer): Promise<Sent> {
  const origin = new StrictOrigin(answer);
  const chain = new ProxyChain(route, (end) => origin.accept(end));
  chain.client.send(input);
  await chain.settle();
  chain.client.end();
  await chain.settle();
  mustHold(origin.refusal === null, `a strict origin refuses what it gets: ${origin.refusal}`);
  const { messages } = origin;
  return {
    requests: messages.map(meaningOf).join('---\n'),
    responses: answersTo(chain.client, messages),
    hasNoHost: chain.origins.some(({ text }) => /\r\nhost:[\t ]*\r\n/i.test(text)),
  };
}

/** Tunnels have their own tests. */
function answer(message: StrictMessage, origin: FarEnd): void {
  const asksForTunnel = message.start[0] === 'CONNECT' || valuesOf(message.fields, 'upgrade').length > 0;
  if (asksForTunnel) origin.send('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  else answerTarget(message, origin);
}

/**
 * Without what each hop has its own way with: framing, the case of names, cookies in one line or several, the
 * key of a WebSocket, which HTTP/2 has no use for, TE said twice.
 */
function meaningOf({ start, fields, body, trailers }: StrictMessage): string {
  const kept = fields.filter(
    ([name]) =>
      !/^(host|cookie|connection|transfer-encoding|content-length|sec-websocket-key|te)$/i.test(name),
  );
  // An empty cookie at the end leaves a space behind the joined ones, which a reader drops (RFC 9112 section 5.1).
  const cookies = valuesOf(fields, 'cookie').join('; ').trimEnd();
  return `${start[0]} ${start[1]} ${valuesOf(fields, 'host')}\n${linesOf(kept)}${cookies}\n${body}\n${linesOf(trailers)}`;
}

function linesOf(fields: readonly Field[]): string {
  return fields
    .map(([name, value]) => `${name.toLowerCase()}: ${value}\n`)
    .toSorted()
    .join('');
}

function answersTo({ text }: FarEnd, requests: readonly StrictMessage[]): string {
  const seen: string[] = [];
  for (let at = 0, index = 0; at < text.length; index++) {
    const method = requests[index]?.start[0] ?? 'GET';
    try {
      const message = readStrictResponse(text, at, { method, isClosed: true });
      seen.push(`${message.start[1]} ${message.body}`);
      at = message.end;
    } catch (thrown) {
      if (!(thrown instanceof StrictRefusal)) throw thrown;
      seen.push(thrown.message);
      break;
    }
  }
  return seen.join();
}
