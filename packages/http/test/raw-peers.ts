import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@tulle/testkit';

/** One end of a connection that writes bytes and looks at bytes. */
export class RawPeer {
  text = '';
  hasEnded = false;
  isClosed = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static connect(port: number): RawPeer {
    return new RawPeer(connect({ host: '127.0.0.1', port, allowHalfOpen: true }));
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'));
  }

  end(): void {
    this.socket.end();
  }

  /** Waits until what came contains `text`, and gives all that came. */
  async until(text: string): Promise<string> {
    return eventually(() => {
      if (!this.text.includes(text)) throw new Error(`got ${JSON.stringify(this.text)}, not ${text}`);
      return this.text;
    });
  }

  async untilEnd(): Promise<string> {
    return eventually(() => {
      if (!this.hasEnded && !this.isClosed) throw new Error(`open; got ${JSON.stringify(this.text)}`);
      return this.text;
    });
  }
}

/** A server that the test plays: its connections in the order in which they came. */
export class RawServer {
  readonly peers: RawPeer[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.peers.push(new RawPeer(socket)));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection of that number, once it is there. */
  peer(index: number): Promise<RawPeer> {
    return eventually(() => {
      const peer = this.peers[index];
      if (peer === undefined) throw new Error(`only ${this.peers.length} connections`);
      return peer;
    });
  }

  close(): void {
    this.#server.close();
    for (const { socket } of this.peers) socket.destroy();
  }
}
