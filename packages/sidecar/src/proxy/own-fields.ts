import { randomBytes } from 'node:crypto';
import { FieldSection, type RequestHead } from '@tulle/http';
import type { TraceFields } from '../tracing/request-span.ts';
import { countUpHex } from './count-up-hex.ts';
import { FieldWriter } from './field-writer.ts';
import { defaultForwarding, type ForwardedClient, type ForwardingSettings } from './forwarded-client.ts';
import type { RequestText } from './request-text.ts';

const ID = 'x-request-id';
const COUNTER_DIGITS = 12;
const FORWARDED_FOR = 'x-forwarded-for';
const CLIENT_CERT = 'x-forwarded-client-cert';

/** Between sidecars: the client spoke HTTP/1.1, and so it will be with the application. */
const APP_PROTOCOL = 'x-tulle-app-protocol';
const APP_PROTOCOL_H1 = 'http/1.1';

/** What only a sidecar may say: an application that says it is not believed. */
const RESERVED = 'x-tulle-';

/** What a request is forwarded with, beside what every request is. */
export interface ForwardedRequest {
  /** Between sidecars: the application is to be spoken to in HTTP/1.1. */
  readonly tellsHttp1: boolean;
  /** Inbound: who it came from. */
  readonly forwardedClient: ForwardedClient | null;
  readonly traceFields: TraceFields | null;
}

export interface OwnFieldsOptions {
  readonly forwarding?: ForwardingSettings;
  readonly seed?: Buffer;
}

/**
 * The fields that a sidecar adds to a request: an id where it brings none, who it came from as configured, the
 * trace that it belongs to, and between sidecars the application's protocol. Ids have the form of a UUID of
 * version 4: random per process, then a counter. Nothing is allocated for a request.
 */
export class OwnFields {
  /** Both lines, of which a request gets either, both or none. */
  readonly #bytes: Buffer;
  readonly #idEnd: number;
  readonly #idOnly: FieldSection;
  readonly #protocolOnly: FieldSection;
  readonly #both: FieldSection;
  readonly #forwarding: ForwardingSettings;
  readonly #writer = new FieldWriter();
  #isIdOurs = false;

  constructor({ forwarding = defaultForwarding, seed = randomBytes(16) }: OwnFieldsOptions = {}) {
    this.#forwarding = forwarding;
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
  prepare(head: RequestHead, request: ForwardedRequest): FieldSection | null {
    const { forwardedClient, traceFields, tellsHttp1 } = request;
    this.#isIdOurs = head.find(ID) < 0;
    if (this.#isIdOurs) countUpHex(this.#bytes, this.#idEnd, COUNTER_DIGITS);
    dropReserved(head);
    const own = this.#alwaysOwn(tellsHttp1);
    if (forwardedClient === null) {
      // What an application says of clients' certificates, only `append` passes on.
      if (this.#forwarding.clientCert !== 'append') dropAll(head, CLIENT_CERT);
      if (traceFields === null) return own;
    }
    const writer = this.#writer;
    writer.begin();
    if (own !== null) writer.lines(own);
    traceFields?.writeTo(writer);
    if (forwardedClient !== null) this.#tellClient(head, forwardedClient);
    return writer.finish();
  }

  /** The id of the request prepared last, where it is ours. */
  captureOwnId(text: RequestText): void {
    if (this.#isIdOurs) text.captureId(this.#bytes, ID.length + 2, this.#idEnd);
  }

  #alwaysOwn(tellsHttp1: boolean): FieldSection | null {
    if (!this.#isIdOurs) return tellsHttp1 ? this.#protocolOnly : null;
    return tellsHttp1 ? this.#both : this.#idOnly;
  }

  #tellClient(head: RequestHead, { address, certificate }: ForwardedClient): void {
    const { forwardedFor, clientCert } = this.#forwarding;
    if (forwardedFor !== 'off') {
      // RFC 7239's field says the same as this one, and would contradict it.
      if (forwardedFor === 'set') dropAll(head, 'forwarded');
      this.#tell(head, FORWARDED_FOR, address, forwardedFor === 'append');
    }
    // A client that is not verified may say nothing, and there is nothing to say of it.
    if (clientCert === 'sanitize' || certificate === '') dropAll(head, CLIENT_CERT);
    else this.#tell(head, CLIENT_CERT, certificate, clientCert === 'append');
  }

  /** Our value, after those that came where they are kept: in one line, since some read only the first. */
  #tell(head: RequestHead, name: string, value: string, keeps: boolean): void {
    const writer = this.#writer;
    writer.name(name);
    for (let i = head.find(name); i >= 0; i = head.findFrom(name, i + 1)) {
      if (keeps && head.valueEnd[i]! > head.valueStart[i]!) {
        writer.bytes(head.buffer, head.valueStart[i]!, head.valueEnd[i]!);
        writer.text(name === CLIENT_CERT ? ',' : ', ');
      }
      head.drop(i);
    }
    writer.text(value);
    writer.endLine();
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

function dropAll(head: RequestHead, name: string): void {
  for (let i = head.find(name); i >= 0; i = head.findFrom(name, i + 1)) head.drop(i);
}
