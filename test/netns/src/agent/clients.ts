/** Clients as applications have them: they know nothing of capture. */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

const timeoutMs = 5_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** All that is said to whoever connects, without a word of its own; what it failed by where it does. */
export function hear({ host, port }: Target): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    socket.once('end', () => resolve(heard));
    socket.once('timeout', () => {
      resolve('timeout');
      socket.destroy();
    });
    socket.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
}

/** The answer to a datagram; null where none comes. */
export function askByDatagram({
  host,
  port,
  text,
}: Target & { readonly text: string }): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const end = (answer: string | null) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(end, timeoutMs, null);
    socket.once('message', (message) => end(message.toString()));
    socket.send(text, port, host);
  });
}

const open = new Map<number, Socket>();

/** A connection that stays, by a number. */
export function openTcp({ host, port }: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject);
    socket.once('connect', () => {
      const id = open.size + 1;
      open.set(id, socket);
      resolve(id);
    });
  });
}

/** What comes back for this text over an open connection: as many bytes. */
export function exchangeTcp({ id, text }: { readonly id: number; readonly text: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open.get(id)!;
    let heard = '';
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      heard += chunk;
      if (heard.length >= text.length) resolve(heard);
    });
    socket.write(text);
  });
}

/** Sends, half-closes, and only then hears all that comes back. */
export function halfClosed({ host, port, text }: Target & { readonly text: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, timeout: timeoutMs });
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.once('end', () => resolve(heard));
    socket.once('timeout', () => socket.destroy(new Error('no end came')));
    socket.once('error', reject);
    socket.end(text);
  });
}
