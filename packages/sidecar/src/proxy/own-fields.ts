import { randomBytes } from 'node:crypto';
import { FieldSection, type RequestHead } from '@tulle/http';
import type { RequestText } from './request-text.ts';

const HEX = Buffer.from('0123456789abcdef');
const ID = 'x-request-id';
const COUNTER_DIGITS = 12;

/** Between sidecars: the client spoke HTTP/1.1, and so it will be with the application. */
const APP_PROTOCOL = 'x-tulle-app-protocol';
const APP_PROTOCOL_H1 = 'http/1.1';

/** What only a sidecar may say: an application that says it is not believed. */
const RESERVED = 'x-tulle-';

/**
 * The fields that a sidecar adds to a request: an id where it brings none, and between sidecars the
 * application's protocol. Ids have the form of a UUID of version 4: random per process, then a counter,
 * since a random number for each request would cost more than the rest of its head.
 */
export class OwnFields {
  /** Both lines, of which a request gets either, both or none. */
  readonly #bytes: Buffer;
  readonly #idEnd: number;
  readonly #idOnly: FieldSection;
  readonly #protocolOnly: FieldSection;
  readonly #both: FieldSection;
  #isIdOurs = false;

  constructor(seed: Buffer = randomBytes(16)) {
    const hex = seed.toString('hex');
    const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
    const idLine = `${ID}: ${id}\r\n`;
    this.#bytes = Buffer.from(`${idLine}${APP_PROTOCOL}: ${APP_PROTOCOL_H1}\r\n`);
    this.#idEnd = idLine.length - 2;
    this.#idOnly = this.#section([ID], 0);
    this.#protocolOnly = this.#section([APP_PROTOCOL], idLine.length);
    this.#both = this.#section([ID, APP_PROTOCOL], 0);
  }

  /** Drops what the request must not say for us, and gives what we say. Valid until the next call. */
  prepare(head: RequestHead, tellsHttp1: boolean): FieldSection | null {
    dropReserved(head);
    this.#isIdOurs = head.find(ID) < 0;
    if (!this.#isIdOurs) return tellsHttp1 ? this.#protocolOnly : null;
    this.#next();
    return tellsHttp1 ? this.#both : this.#idOnly;
  }

  /** The id of the request prepared last, where it is ours. */
  captureOwnId(text: RequestText): void {
    if (this.#isIdOurs) text.captureId(this.#bytes, ID.length + 2, this.#idEnd);
  }

  /** Counts the last twelve digits up. */
  #next(): void {
    const bytes = this.#bytes;
    for (let i = this.#idEnd - 1; i >= this.#idEnd - COUNTER_DIGITS; i--) {
      const digit = bytes[i]!;
      if (digit === 102) {
        bytes[i] = 48;
        continue;
      }
      bytes[i] = digit === 57 ? HEX[10]! : digit + 1;
      return;
    }
  }

  #section(names: readonly string[], start: number): FieldSection {
    const section = new FieldSection();
    section.clear(this.#bytes, start);
    let at = start;
    for (const [index, name] of names.entries()) {
      const lineEnd = this.#bytes.indexOf('\r\n', at);
      section.nameStart[index] = at;
      section.nameEnd[index] = at + name.length;
      section.valueStart[index] = at + name.length + 2;
      section.valueEnd[index] = lineEnd;
      at = lineEnd + 2;
    }
    section.count = names.length;
    section.linesEnd = at;
    section.end = at;
    return section;
  }
}

/** Whether the peer's sidecar says that the application is to be spoken to in HTTP/1.1. */
export function asksForHttp1(head: RequestHead): boolean {
  const index = head.find(APP_PROTOCOL);
  return index >= 0 && head.value(index) === APP_PROTOCOL_H1;
}

/** Of a request or an answer. */
export function dropReserved(head: FieldSection): void {
  const { buffer, nameStart, nameEnd, count } = head;
  for (let i = 0; i < count; i++) {
    const at = nameStart[i]!;
    // x-t, in either case, before a string is made.
    const isCandidate =
      nameEnd[i]! - at > RESERVED.length &&
      (buffer[at]! | 32) === 120 &&
      buffer[at + 1] === 45 &&
      (buffer[at + 2]! | 32) === 116;
    if (isCandidate && head.name(i).toLowerCase().startsWith(RESERVED)) head.drop(i);
  }
}
