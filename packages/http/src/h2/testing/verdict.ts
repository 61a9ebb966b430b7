import { expect } from 'vitest';
import type { ClientUnderTest } from './client-under-test.ts';
import { type Fields, headers, T } from './raw-frames.ts';
import { describe as describeFrame, type RawPeer } from './raw-peer.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/**
 * What a peer must be answered. Where the RFC leaves a choice, several codes; `accepted` also stands for
 * "discarded": no error of any scope, and the connection goes on.
 */
export interface Verdict {
  readonly isAccepted: boolean;
  /** GOAWAY with one of these codes, and the connection closes. */
  readonly connection: readonly number[];
  /** RST_STREAM with one of these codes, and the connection goes on. */
  readonly stream: { readonly id: number; readonly codes: readonly number[] } | null;
}

export const accepted: Verdict = { isAccepted: true, connection: [], stream: null };

export function connectionError(...codes: number[]): Verdict {
  return { isAccepted: false, connection: codes, stream: null };
}

export function streamError(id: number, ...codes: number[]): Verdict {
  return { isAccepted: false, connection: [], stream: { id, codes } };
}

/** Where the RFC leaves the scope, or whether to mind at all, to the receiver. */
export function eitherOf(...verdicts: Verdict[]): Verdict {
  return {
    isAccepted: verdicts.some((it) => it.isAccepted),
    connection: verdicts.flatMap((it) => it.connection),
    stream: verdicts.find((it) => it.stream !== null)?.stream ?? null,
  };
}

/** A peer's bytes after the handshake, and the answer. The name begins with the section of RFC 9113. */
export type Row = readonly [name: string, bytes: readonly Buffer[], verdict: Verdict];

export const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
];
export const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];

/** Above all that rows use. */
const PROBE_STREAM = 2001;

/** Both ways that bytes may arrive must lead to the same. */
export const arrivals: readonly (readonly [name: string, readBytes: number])[] = [
  ['in one read', 65536],
  ['byte by byte', 1],
];

/** A server with the handshake done is sent the row's bytes. */
export async function judgeServer(
  server: ServerUnderTest,
  [, bytes, verdict]: Row,
  readBytes: number,
): Promise<void> {
  server.transport.readBytes = readBytes;
  server.peer.send(...bytes);
  await judge(server.peer, verdict);
  if (server.peer.isClosed) return await expectServerGone(server);
  server.peer.send(headers(PROBE_STREAM, GET, { isEnd: true }));
  await server.peer.until(() => server.peer.hasEnded(PROBE_STREAM), 'answer to a request that follows');
  expect(server.peer.of(T.HEADERS, PROBE_STREAM)[0]!.fields[0]).toEqual([':status', '200']);
  expect(server.peer.of(T.GOAWAY)).toEqual([]);
}

/** A client whose stream 1 is open is sent the row's bytes; stream 1 may be named by them. */
export async function judgeClient(
  client: ClientUnderTest,
  [, bytes, verdict]: Row,
  readBytes: number,
): Promise<void> {
  client.transport.readBytes = readBytes;
  client.peer.send(...bytes);
  await judge(client.peer, verdict);
  if (client.peer.isClosed) {
    client.transport.fail(null);
    expect(client.closes).toBe(1);
    expect(client.connection.activeStreams).toBe(0);
    return;
  }
  const next = client.request();
  const sent = () => client.peer.of(T.HEADERS).at(-1);
  const before = sent();
  await client.peer.until(() => sent() !== before && sent()!.streamId > 1, 'request that follows');
  client.peer.send(headers(sent()!.streamId, [[':status', '200']], { isEnd: true }));
  await client.peer.until(() => next.isEnded, 'answer to a request that follows');
  expect(next.status).toBe(200);
  expect(client.peer.of(T.GOAWAY)).toEqual([]);
}

async function judge(peer: RawPeer, verdict: Verdict): Promise<void> {
  await peer.settled();
  const frames = `the frames were: ${peer.frames.map(describeFrame).join(' ')}`;
  const goaway = peer.goawayCode();
  if (peer.isClosed || goaway !== null) {
    expect(verdict.connection, `the connection ended; ${frames}`).not.toEqual([]);
    expect(verdict.connection, frames).toContain(goaway);
    expect(peer.isClosed, 'it is closed after GOAWAY').toBe(true);
    return;
  }
  const resets = peer
    .of(T.RST_STREAM)
    .map((it) => [it.streamId, it.payload.readUInt32BE()])
    .filter(([, code]) => code !== 0);
  if (resets.length === 0) {
    expect(verdict.isAccepted, `nothing was minded; ${frames}`).toBe(true);
    return;
  }
  expect(verdict.stream, `a stream was reset; ${frames}`).not.toBeNull();
  for (const [id, code] of resets) {
    expect(id, frames).toBe(verdict.stream!.id);
    expect(verdict.stream!.codes, frames).toContain(code);
  }
  expect(resets.length, `one RST_STREAM is enough (section 5.4.2); ${frames}`).toBe(1);
}

/** RFC 9113 section 5.4.1, and the contract of exchange.ts. */
async function expectServerGone(server: ServerUnderTest): Promise<void> {
  server.transport.fail(null);
  expect(server.closes).toBe(1);
  for (const exchange of server.exchanges) {
    const isOver = exchange.failure !== null || exchange.isAnswered;
    expect(isOver, `${exchange.method} ${exchange.path} was told of its end`).toBe(true);
  }
}
