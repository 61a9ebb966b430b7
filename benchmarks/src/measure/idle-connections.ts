import { connect, type Socket } from 'node:net';
import type { FirstExchange } from './first-exchange.ts';

export interface HoldOptions {
  readonly address: string;
  readonly port: number;
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
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  let next = 0;
  const openInTurn = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      await open(index, sockets, options).catch((thrown: Error) => {
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

function open(index: number, sockets: Socket[], { address, port, begin }: HoldOptions): Promise<void> {
  const localAddress = `127.0.21.${1 + Math.floor(index / connectionsPerSource)}`;
  const exchange = begin();
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, localAddress, noDelay: true });
    sockets.push(socket);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timeout')));
    socket.once('connect', () => socket.write(exchange.greeting));
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
