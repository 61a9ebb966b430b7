import type { Socket } from 'node:net';
import type { MutualTls } from '../subjects/subject.ts';
import type { FirstExchange } from './first-exchange.ts';
import { ConnectionOpener } from './open-connection.ts';

export interface HoldOptions {
  readonly address: string;
  readonly port: number;
  readonly tls: MutualTls | null;
  begin(): FirstExchange;
}

/** Open connections, each of them used once. */
export interface HeldConnections {
  /** How many the peer has closed since. */
  readonly lost: number;
  close(): void;
}

/** Loopback sources, so that ports do not run out: each may have some 28,000 connections to one destination. */
const connectionsPerSource = 5_000;
const atOnce = 32;
const timeoutMs = 30_000;

/** Opens connections from several loopback addresses, a few at once, and has one request answered on each. */
export async function holdConnections(count: number, options: HoldOptions): Promise<HeldConnections> {
  const sockets: Socket[] = [];
  const opener = new ConnectionOpener(options.tls);
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  let next = 0;
  const openInTurn = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      await open(index, { sockets, opener, options }).catch((thrown: Error) => {
        next = count;
        throw new Error(`connection ${index + 1} of ${count}: ${thrown.message}`);
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, openInTurn));
  } catch (thrown) {
    close();
    throw thrown;
  }
  return {
    get lost() {
      return sockets.filter((socket) => socket.closed).length;
    },
    close,
  };
}

interface Opening {
  readonly sockets: Socket[];
  readonly opener: ConnectionOpener;
  readonly options: HoldOptions;
}

function open(index: number, { sockets, opener, options }: Opening): Promise<void> {
  const { address, port } = options;
  const localAddress = `127.0.21.${1 + Math.floor(index / connectionsPerSource)}`;
  const exchange = options.begin();
  return new Promise((resolve, reject) => {
    const socket = opener.open({ address, port, localAddress }, null, () => socket.write(exchange.greeting));
    sockets.push(socket);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
    socket.on('data', (chunk: Buffer) => {
      try {
        const reply = exchange.take(chunk);
        if (reply !== null) socket.write(reply);
      } catch (thrown) {
        socket.destroy(thrown as Error);
      }
      if (!exchange.isComplete) return;
      socket.setTimeout(0);
      resolve();
    });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed before the answer')));
  });
}
