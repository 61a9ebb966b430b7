/** Ten thousand connections that have each served a request and wait for another, in one process, and what they cost. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { canMeasureMemory, residentBytes, startProcess } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { headers, PREFACE, settings, settingsAck } from '../src/h2/testing/raw-frames.ts';

const count = 10_000;
const batch = 500;
const reason = reasonToSkip();

const http1Request = Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
const http2Request = (id: number) =>
  headers(
    id,
    [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'a.test'],
    ],
    { isEnd: true },
  );

/** One connection of a client that asks twice, with all the time in the world between. */
class IdleClient {
  readonly #socket: Socket;
  readonly #isHttp2: boolean;
  #answers = 0;

  constructor(port: number, isHttp2: boolean) {
    this.#isHttp2 = isHttp2;
    this.#socket = connect(port, '127.0.0.1');
  }

  async ask(): Promise<void> {
    const id = this.#answers++ * 2 + 1;
    if (!this.#isHttp2) this.#socket.write(http1Request);
    else if (id === 1)
      this.#socket.write(Buffer.concat([PREFACE, settings(), settingsAck, http2Request(id)]));
    else this.#socket.write(http2Request(id));
    let text = '';
    // The body is `ok`, last of all in either version.
    while (!text.endsWith('ok')) {
      const [bytes] = (await once(this.#socket, 'data')) as [Buffer];
      text += bytes.toString('latin1');
    }
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }
}

describe.skipIf(reason !== null)(`${count} idle connections${reason === null ? '' : `, ${reason}`}`, () => {
  it.each([
    ['handle', 'HTTP/1.1', 8],
    ['handle', 'HTTP/2', 16],
    ['socket', 'HTTP/1.1', 12],
    ['socket', 'HTTP/2', 24],
  ])(
    '%s backend, %s: at most %i KB each',
    async (backend, version, mostKilobytes) => {
      await using server = await startProcess({
        name: 'server',
        entry: new URL('./answering-process.ts', import.meta.url),
        args: [backend],
      });
      const { port } = await server.waitForLog('listening');
      const clients: IdleClient[] = [];
      const open = async (wanted: number) => {
        while (clients.length < wanted) {
          const some = Array.from(
            { length: batch },
            () => new IdleClient(Number(port), version === 'HTTP/2'),
          );
          clients.push(...some);
          await Promise.all(some.map((client) => client.ask()));
        }
      };
      try {
        // What the first ones cost is code and warmth, not connections.
        await open(batch);
        const before = await residentBytes(server.pid);
        await open(batch + count);
        const perConnection = ((await residentBytes(server.pid)) - before) / count / 1024;
        console.info(`${backend}, ${version}: ${perConnection.toFixed(1)} KB a connection`);
        for (let i = 0; i < clients.length; i += batch) {
          await Promise.all(clients.slice(i, i + batch).map((client) => client.ask()));
        }
        expect(perConnection).toBeLessThan(mostKilobytes);
      } finally {
        for (const client of clients) client.close();
      }
    },
    120_000,
  );
});

/** Node raises its limit of open files to the hard one by itself. */
function reasonToSkip(): string | null {
  if (!canMeasureMemory) return 'not measured: there is no /proc here';
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'latin1' }).trim();
  if (limit === 'unlimited' || Number(limit) >= count + 2 * batch) return null;
  return `not held: ulimit -Hn is ${limit}`;
}
