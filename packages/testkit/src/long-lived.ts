/** Connections that are opened once and then spoken on, again and again: what must outlive changes of the mesh. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { eventually } from './eventually.ts';
import { echoService, grpcEchoClient } from './grpc-echo.ts';

export interface LongLived {
  readonly kind: string;
  /** Says a word on the connection that was opened, and gives what comes back; rejects when that one is gone. */
  say(word: string): Promise<string>;
  close(): void;
}

/** Where an application dials, and whom it asks for there. */
export interface LongLivedTarget {
  readonly address: string;
  readonly port: number;
  readonly authority: string;
}

/** RFC 6455 section 1.3. */
const websocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An application that answers what it was sent: as a body, or as it comes once a WebSocket is open. */
export class EchoApplication {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(name = '') {
    this.#server = createServer({ keepAliveTimeout: 600_000 }, async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      response.writeHead(200, { 'content-length': body.length, 'x-app': name });
      response.end(body);
    });
    this.#server.on('upgrade', (request, socket) => {
      socket.on('error', () => {});
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}${websocketGuid}`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    this.#server.on('connection', (socket) => this.#sockets.add(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(host: string, port = 0): Promise<this> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** HTTP/1.1, one request after another on one connection. */
export async function openKeepAlive(target: LongLivedTarget): Promise<LongLived> {
  const wire = await Wire.open(target);
  return {
    kind: 'HTTP/1.1 keep-alive',
    close: () => wire.close(),
    async say(word) {
      const length = Buffer.byteLength(word);
      wire.send(`POST / HTTP/1.1\r\nHost: ${target.authority}\r\nContent-Length: ${length}\r\n\r\n${word}`);
      const answer = await wire.until(`\r\n\r\n${word}`);
      return /^HTTP\/1\.1 200 /.test(answer) ? answer.slice(-word.length) : answer;
    },
  };
}

/** Opened as RFC 6455 has it; what goes through it then are bytes, not frames. */
export async function openWebSocket(target: LongLivedTarget): Promise<LongLived> {
  const wire = await Wire.open(target);
  wire.send(
    `GET /chat HTTP/1.1\r\nHost: ${target.authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const head = await wire.until('\r\n\r\n');
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`the upgrade was answered ${head}`);
  return {
    kind: 'WebSocket',
    close: () => wire.close(),
    say(word) {
      wire.send(word);
      return wire.until(word);
    },
  };
}

/** One stream of gRPC, open in both directions. */
export function openGrpcChat({ address, port, authority }: LongLivedTarget): LongLived {
  const client = grpcEchoClient(`${address}:${port}`, authority);
  const asIs = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(echoService.chat.path, asIs, asIs, new Metadata());
  let heard: string | null = null;
  let ending: string | null = null;
  call.on('data', (message: Buffer) => {
    heard = message.toString();
  });
  call.on('error', (error) => {
    ending ??= error.message;
  });
  call.on('end', () => {
    ending ??= 'it was ended';
  });
  return {
    kind: 'gRPC stream',
    close() {
      call.cancel();
      client.close();
    },
    say(word) {
      heard = null;
      call.write(Buffer.from(word));
      return untilHeard(
        () => 'gRPC stream',
        () => heard,
        () => ending,
      );
    },
  };
}

/** A socket that never reconnects. */
class Wire {
  readonly #socket: Socket;
  #text = '';
  #ending: string | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#text += data.toString();
    });
    socket.on('error', (error) => {
      this.#ending ??= error.message;
    });
    socket.on('end', () => {
      this.#ending ??= 'it was ended';
    });
  }

  static async open({ address, port }: LongLivedTarget): Promise<Wire> {
    const socket = connect({ host: address, port });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  send(text: string): void {
    this.#text = '';
    this.#socket.write(text);
  }

  until(ending: string): Promise<string> {
    const heard = () => (this.#text.endsWith(ending) ? this.#text : null);
    return untilHeard(
      () => `connection, which said ${JSON.stringify(this.#text)},`,
      heard,
      () => this.#ending,
    );
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function untilHeard(
  what: () => string,
  heard: () => string | null,
  ending: () => string | null,
): Promise<string> {
  const word = await eventually(() => {
    const text = heard();
    if (text === null && ending() === null) throw new Error(`the ${what()} is silent`);
    return text;
  });
  if (word === null || ending() !== null) throw new Error(`the ${what()} is gone: ${ending()}`);
  return word;
}
