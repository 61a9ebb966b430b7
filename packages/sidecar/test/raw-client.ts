import { connect, type Socket } from 'node:net';
import { eventually } from '@tulle/testkit';
import type { Cleanup } from './cleanup.ts';

/** A client that writes bytes and looks at bytes. */
export class RawClient {
  text = '';
  bytes = 0;
  hasEnded = false;
  isClosed = false;
  error: (Error & { code?: string }) | null = null;
  readonly socket: Socket;
  #keepsText = true;

  constructor(port: number, cleanup: Cleanup) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.#keepsText) this.text += chunk.toString('latin1');
    });
    this.socket.on('end', () => {
      this.hasEnded = true;
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    cleanup.add(() => this.socket.destroy());
  }

  countOnly(): void {
    this.#keepsText = false;
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
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

  /** What came, and from now on nothing of it. */
  take(): string {
    const { text } = this;
    this.text = '';
    return text;
  }
}
