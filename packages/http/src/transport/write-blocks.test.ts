import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connectTcp } from './connect-tcp.ts';
import { listenTcp } from './listen-tcp.ts';
import { connectedPair, type Pair } from './testing/connected-pair.ts';
import { RecordingHandler } from './testing/recording-handler.ts';
import type { Transport } from './transport.ts';
import { countBlocks, returnWriteBlock, takeWriteBlock } from './write-blocks.ts';

const cases = [
  ['socket', 'plain'],
  ['handle', 'plain'],
  ['socket', 'tls'],
  ['handle', 'tls'],
] as const;

/** What a queue may hold of the pool, and what the pool keeps. */
const MAX_BLOCKS = 64;

const opened: Pair[] = [];

afterEach(async () => {
  for (const { client, server, listener } of opened.splice(0)) {
    client.transport.abort();
    server.transport.abort();
    await listener.close();
    await client.handler.until(() => client.handler.closed);
    await server.handler.until(() => server.handler.closed);
  }
  expect(countBlocks().held).toBe(0);
});

/** Writes a block of `length` bytes, numbered every 16th, which continue at `offset`. */
function writeNumbered(transport: Transport, offset: number, length: number): boolean {
  const block = takeWriteBlock();
  const start = (offset * 7) % 48;
  for (let i = 0; i + 4 <= length; i += 16) block.writeUInt32LE(offset + i, start + i);
  return transport.writeBlock(block, start, start + length);
}

function expectNumbered(data: Buffer): void {
  for (let i = 0; i + 4 <= data.length; i += 16) {
    if (data.readUInt32LE(i) !== i) throw new Error(`byte ${i} is out of place`);
  }
}

/** What the pool would give away next must not be on its way. */
function spoilNextBlock(): void {
  const block = takeWriteBlock();
  block.fill(0xee);
  returnWriteBlock(block);
}

describe.each(cases)('blocks, %s backend, %s', (backend, security) => {
  const isTls = security === 'tls';
  const open = async (): Promise<Pair> => {
    const pair = await connectedPair(backend, isTls);
    opened.push(pair);
    return pair;
  };

  it.each([1024, 16_384, 65_536])(
    'arrive whole and in order, %i bytes each, to a slow reader',
    async (length) => {
      const { client, server } = await open();
      server.transport.pause();
      const total = 12 * 1024 * 1024;
      for (let sent = 0; sent < total; sent += length) {
        client.handler.during(() => writeNumbered(client.transport, sent, length));
        spoilNextBlock();
      }
      expect(countBlocks().held).toBeLessThanOrEqual(MAX_BLOCKS);
      server.transport.resume();
      await server.handler.until(() => server.handler.bytes === total);
      expectNumbered(server.handler.data);
    },
  );

  it('keep their place between other writes', async () => {
    const { client, server } = await open();
    server.transport.pause();
    const line = Buffer.alloc(16 * 4096);
    let sent = 0;
    for (let i = 0; i < 120; i++) {
      const length = 16 * (1 + ((i * 997) % 4096));
      if (i % 3 === 0) {
        for (let at = 0; at < length; at += 16) line.writeUInt32LE(sent + at, at);
        client.transport.write(line, 0, length);
        line.fill(0);
      } else writeNumbered(client.transport, sent, length);
      sent += length;
      if (i % 10 === 0) await sleep(1);
    }
    server.transport.resume();
    await server.handler.until(() => server.handler.bytes === sent);
    expectNumbered(server.handler.data);
  });

  it('leave before the end that follows them', async () => {
    const { client, server } = await open();
    for (let i = 0; i < 100; i++) writeNumbered(client.transport, i * 65_536, 65_536);
    client.transport.end();
    await server.handler.until(() => server.handler.ended);
    expect(server.handler.bytes).toBe(100 * 65_536);
  });

  it('go back to the pool when the connection is aborted, or fails, before they left', async () => {
    for (const failing of ['client', 'server'] as const) {
      const pair = await open();
      pair.server.transport.pause();
      for (let i = 0; i < 200; i++) writeNumbered(pair.client.transport, i * 65_536, 65_536);
      pair[failing].transport.abort();
      await pair.client.handler.until(() => pair.client.handler.closed);
      expect(countBlocks().held).toBe(0);
    }
  });

  it('go back to the pool when they are written after the end', async () => {
    const { client } = await open();
    const block = takeWriteBlock();
    client.transport.end();
    const { spare } = countBlocks();
    expect(client.transport.writeBlock(block, 0, 5)).toBe(true);
    expect(countBlocks().spare).toBe(spare + 1);
  });

  it('are copied where as many as may be wait already', async () => {
    const stalled: Pair[] = [];
    for (let i = 0; i < MAX_BLOCKS + 8; i++) stalled.push(await open());
    for (const { client, server } of stalled) {
      server.transport.pause();
      for (let sent = 0; client.transport.queuedBytes < 200_000; sent += 65_536) {
        writeNumbered(client.transport, sent, 65_536);
      }
    }
    expect(countBlocks().held).toBe(MAX_BLOCKS);
    for (const { server, client } of stalled) {
      client.transport.end();
      server.transport.resume();
    }
    for (const { server } of stalled) {
      await server.handler.until(() => server.handler.ended);
      expectNumbered(server.handler.data);
    }
  });
});

describe.each(['socket', 'handle'] as const)('blocks before the connection stands, %s backend', (backend) => {
  it('are queued, and sent once it does', async () => {
    const received = new RecordingHandler();
    const listener = await listenTcp({
      host: '127.0.0.1',
      port: 0,
      backend,
      onConnection: (accepted) => {
        accepted.handler = received;
      },
      onError() {},
    });
    const handler = new RecordingHandler();
    const transport = connectTcp({
      host: '127.0.0.1',
      port: listener.port,
      backend,
      connectTimeoutMs: 5000,
      handler,
      onConnect() {},
    });
    writeNumbered(transport, 0, 160);
    writeNumbered(transport, 160, 65_536);
    writeNumbered(transport, 65_696, 64);
    transport.end();
    await received.until(() => received.ended);
    expect(received.bytes).toBe(65_760);
    expectNumbered(received.data);
    transport.abort();
    await handler.until(() => handler.closed);
    await listener.close();
  });
});
