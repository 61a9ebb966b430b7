import { describe, expect, it } from 'vitest';
import { F, headers, T } from './testing/raw-frames.ts';
import { type ServerExchange, ServerUnderTest } from './testing/server-under-test.ts';

const GET = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
] as const;

/** Type and END_STREAM of each frame on the stream that `answer` answered. */
async function framesOf(
  answer: (exchange: ServerExchange) => void,
): Promise<[type: number, isEnd: boolean][]> {
  const server = await ServerUnderTest.ready();
  server.onExchange = answer;
  server.peer.send(headers(1, GET, { isEnd: true }));
  await server.peer.settled();
  await server.peer.until(() => server.connection.activeStreams === 0, 'end');
  await server.peer.settled();
  const frames = server.peer.frames.filter((it) => it.streamId === 1);
  return frames.map((it) => [it.type, (it.flags & F.END_STREAM) !== 0]);
}

describe('END_STREAM rides on the last frame that there is', () => {
  it('on the head, where the end is told within the same turn', async () => {
    const frames = await framesOf((exchange) => {
      exchange.respond(200, [], false);
      exchange.send('', true);
    });
    expect(frames).toEqual([[T.HEADERS, true]]);
  });

  it('on DATA, where the end is told after it', async () => {
    const frames = await framesOf((exchange) => {
      exchange.respond(200, [], false);
      exchange.send('body');
      exchange.send('', true);
    });
    expect(frames).toEqual([
      [T.HEADERS, false],
      [T.DATA, true],
    ]);
  });

  it('on DATA, where there are trailers without a field', async () => {
    const frames = await framesOf((exchange) => {
      exchange.respond(200, [], false);
      exchange.send('body');
      exchange.sendTrailers([]);
    });
    expect(frames).toEqual([
      [T.HEADERS, false],
      [T.DATA, true],
    ]);
  });

  it('on a frame of its own, where the last one has left', async () => {
    const frames = await framesOf((exchange) => {
      exchange.respond(200, [], false);
      exchange.send('body');
      setImmediate(() => setImmediate(() => exchange.send('', true)));
    });
    expect(frames).toEqual([
      [T.HEADERS, false],
      [T.DATA, false],
      [T.DATA, true],
    ]);
  });
});
