import type { FarEnd } from './proxy-chain.ts';
import { readStrictRequest, type StrictMessage, StrictRefusal } from './strict-http1.ts';

/** A server that reads strictly, and answers each request that it has whole. */
export class StrictOrigin {
  readonly messages: StrictMessage[] = [];
  /** What it would not take. */
  refusal: string | null = null;
  readonly connections: OriginConnection[] = [];
  readonly #answer: (message: StrictMessage, origin: FarEnd) => void;

  constructor(answer: (message: StrictMessage, origin: FarEnd) => void) {
    this.#answer = answer;
  }

  /** Bytes that are no whole request yet. */
  get unread(): string {
    return this.connections.map(({ unread }) => unread).join('');
  }

  accept(end: FarEnd): void {
    const connection = new OriginConnection(end);
    this.connections.push(connection);
    end.onBytes = () => {
      try {
        while (connection.at < end.received.length) {
          const message = readStrictRequest(end.text, connection.at);
          connection.at = message.end;
          this.messages.push(message);
          this.#answer(message, end);
        }
      } catch (thrown) {
        if (!(thrown instanceof StrictRefusal)) throw thrown;
        if (!thrown.isIncomplete) this.refusal = thrown.message;
      }
    };
  }
}

class OriginConnection {
  readonly end: FarEnd;
  /** What has been read of it. */
  at = 0;

  constructor(end: FarEnd) {
    this.end = end;
  }

  get unread(): string {
    return this.end.text.slice(this.at);
  }
}

/** 200 with the target as its body. */
export function answerTarget(message: StrictMessage, origin: FarEnd): void {
  const body = message.start[0] === 'HEAD' ? '' : message.start[1];
  origin.send(`HTTP/1.1 200 OK\r\nContent-Length: ${message.start[1].length}\r\n\r\n${body}`);
}

/** All requests of a text that holds nothing else. */
export function strictRequests(text: string): StrictMessage[] {
  const messages: StrictMessage[] = [];
  for (let at = 0; at < text.length; at = messages.at(-1)!.end) messages.push(readStrictRequest(text, at));
  return messages;
}
