import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connectedPair, type Pair } from './testing/connected-pair.ts';
import { RecordingHandler, writeText } from './testing/recording-handler.ts';
import { scratch, type Transport, type TransportBackend } from './transport.ts';

const MEGABYTE = 1024 * 1024;
const open: Pair[] = [];

afterEach(async () => {
  for (const pair of open.splice(0)) await pair.close();
});

async function pairOf(backend: TransportBackend, isTls: boolean): Promise<Pair> {
  const pair = await connectedPair(backend, isTls);
  open.push(pair);
  return pair;
}

/** Sends `total` patterned bytes as fast as back-pressure allows; gives the most that was queued. */
function pump(transport: Transport, handler: RecordingHandler, total: number): Promise<number> {
  const block = Buffer.alloc(64 * 1024);
  let sent = 0;
  let most = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const go = () => {
    while (sent < total) {
      const length = Math.min(block.length, total - sent);
      for (let i = 0; i < length; i += 1024) block.writeUInt32LE(sent + i, i);
      sent += length;
      const mayGoOn = handler.during(() => transport.write(block, 0, length));
      // The transport only borrowed the bytes.
      block.fill(0);
      most = Math.max(most, transport.queuedBytes);
      if (!mayGoOn) {
        handler.until(() => handler.drains > drained).then(next);
        return;
      }
    }
    resolve(most);
  };
  let drained = handler.drains;
  const next = () => {
    drained = handler.drains;
    go();
  };
  go();
  return promise;
}

function expectPattern(data: Buffer): void {
  for (let i = 0; i < data.length; i += 1024) {
    if (data.readUInt32LE(i) !== i) throw new Error(`byte ${i} is out of place`);
  }
}

const cases = [
  ['socket', 'plain'],
  ['handle', 'plain'],
  ['socket', 'tls'],
  ['handle', 'tls'],
] as const;

describe.each(cases)('%s backend, %s', (backend, security) => {
  const isTls = security === 'tls';

  it('echoes, and knows its addresses', async () => {
    const { client, server, listener } = await pairOf(backend, isTls);
    server.handler.onBytes = (buffer, start, end) => server.transport.write(buffer, start, end);
    writeText(client.transport, 'hello');
    await client.handler.until(() => client.handler.bytes >= 5);
    expect(client.handler.text).toBe('hello');
    expect(client.transport).toMatchObject({ isTls, remoteAddress: '127.0.0.1', remotePort: listener.port });
    expect(server.transport.remotePort).toBe(client.transport.localPort);
    expect(server.transport.localPort).toBe(listener.port);
    expect(server.transport.fd).toBeGreaterThan(0);
    expect(listener.connectionCount).toBe(1);
  });

  it('keeps the order of writes from the scratch, whatever becomes of it', async () => {
    const { client, server } = await pairOf(backend, isTls);
    let expected = '';
    for (let i = 0; i < 2000; i++) {
      const text = `${i},`.repeat(1 + (i % 40));
      expected += text;
      const length = scratch.buffer.write(text, 0, 'latin1');
      client.transport.write(scratch.buffer, 0, length);
      scratch.buffer.fill(0, 0, length);
    }
    await server.handler.until(() => server.handler.bytes >= expected.length);
    expect(server.handler.text).toBe(expected);
  });

  it('moves 10 MB both ways at once', async () => {
    const { client, server } = await pairOf(backend, isTls);
    const total = 10 * MEGABYTE;
    await Promise.all([
      pump(client.transport, client.handler, total),
      pump(server.transport, server.handler, total),
      client.handler.until(() => client.handler.bytes === total),
      server.handler.until(() => server.handler.bytes === total),
    ]);
    expectPattern(client.handler.data);
    expectPattern(server.handler.data);
  });

  it('relays 10 MB from its read buffer to a slow reader, with a bounded queue', async () => {
    const first = await pairOf(backend, isTls);
    const second = await pairOf(backend, isTls);
    const total = 10 * MEGABYTE;
    const source = first.server;
    const sink = second.client;
    let most = 0;
    source.handler.keeps = false;
    source.handler.onBytes = (buffer, start, end) => {
      if (!sink.transport.write(buffer, start, end)) source.transport.pause();
      most = Math.max(most, sink.transport.queuedBytes);
    };
    sink.handler.onDrain = () => source.transport.resume();
    const reader = second.server;
    reader.transport.pause();
    void pump(first.client.transport, first.client.handler, total);
    await sleep(100);
    expect(source.handler.bytes).toBeLessThan(total);
    let reads = 0;
    reader.handler.onBytes = () => {
      if (++reads % 16 !== 0) return;
      reader.transport.pause();
      setTimeout(() => reader.transport.resume(), 1);
    };
    reader.transport.resume();
    await reader.handler.until(() => reader.handler.bytes === total);
    expectPattern(reader.handler.data);
    expect(most).toBeLessThanOrEqual(256 * 1024);
  });

  it('reports nothing while paused, and all of it after', async () => {
    const { client, server } = await pairOf(backend, isTls);
    server.handler.during(() => server.transport.pause());
    writeText(client.transport, 'early');
    client.transport.end();
    await sleep(50);
    expect(server.handler.events).toEqual([]);
    server.handler.during(() => server.transport.resume());
    await server.handler.until(() => server.handler.ended);
    expect(server.handler.text).toBe('early');
  });

  it('honours a pause from inside onData', async () => {
    const { client, server } = await pairOf(backend, isTls);
    let isPaused = false;
    server.handler.onBytes = () => {
      expect(isPaused).toBe(false);
      isPaused = true;
      server.transport.pause();
      setTimeout(() => {
        isPaused = false;
        server.transport.resume();
      }, 2);
    };
    void pump(client.transport, client.handler, MEGABYTE);
    await server.handler.until(() => server.handler.bytes === MEGABYTE);
    expectPattern(server.handler.data);
  });

  it.each(['client', 'server'] as const)('half-closes from the %s, and answers after', async (first) => {
    const pair = await pairOf(backend, isTls);
    const ending = pair[first];
    const other = first === 'client' ? pair.server : pair.client;
    writeText(ending.transport, 'question');
    ending.handler.during(() => ending.transport.end());
    expect(writeText(ending.transport, 'dropped')).toBe(true);
    await other.handler.until(() => other.handler.ended);
    expect(other.handler.text).toBe('question');
    await sleep(20);
    expect([ending.handler.closed, other.handler.closed]).toEqual([false, false]);
    writeText(other.transport, 'answer');
    other.transport.end();
    await ending.handler.until(() => ending.handler.closed);
    await other.handler.until(() => other.handler.closed);
    expect(ending.handler.text).toBe('answer');
    expect(ending.handler.error).toBeNull();
    expect(other.handler.error).toBeNull();
    expect(pair.listener.connectionCount).toBe(0);
  });

  it('sends a large queue before it half-closes', async () => {
    const { client, server } = await pairOf(backend, isTls);
    const block = Buffer.alloc(6 * MEGABYTE, 7);
    client.transport.write(block, 0, block.length);
    client.transport.end();
    server.handler.keeps = false;
    await server.handler.until(() => server.handler.ended);
    expect(server.handler.bytes).toBe(block.length);
  });

  it('aborts: closes without a word from inside the call, then nothing but onClose(null)', async () => {
    const { client, server } = await pairOf(backend, isTls);
    // Past the handshake's last writes, one of which would swallow the reset.
    writeText(server.transport, 'settled');
    await client.handler.until(() => client.handler.bytes === 7);
    client.handler.events.length = 0;
    server.transport.pause();
    const block = Buffer.alloc(8 * MEGABYTE);
    client.transport.write(block, 0, block.length);
    client.handler.during(() => client.transport.abort());
    client.handler.during(() => client.transport.abort());
    expect(client.transport.queuedBytes).toBe(0);
    expect(client.handler.closed).toBe(false);
    expect(writeText(client.transport, 'late')).toBe(true);
    await client.handler.until(() => client.handler.closed);
    expect(client.handler.error).toBeNull();
    server.transport.resume();
    await server.handler.until(() => server.handler.closed);
    expect(server.handler.error).toMatchObject({ code: 'ECONNRESET', retryable: false });
  });

  it('aborts from inside onData', async () => {
    const { client, server } = await pairOf(backend, isTls);
    server.handler.onBytes = () => server.transport.abort();
    for (let i = 0; i < 20; i++) writeText(client.transport, 'x'.repeat(30_000));
    await server.handler.until(() => server.handler.closed);
    expect(server.handler.events).toEqual(['data', 'close']);
    await client.handler.until(() => client.handler.closed);
  });

  it('changes owners', async () => {
    const { client, server } = await pairOf(backend, isTls);
    const second = new RecordingHandler();
    server.transport.handler = second;
    writeText(client.transport, 'to the second');
    await second.until(() => second.bytes === 13);
    expect(server.handler.bytes).toBe(0);
    server.transport.handler = server.handler;
  });
});
