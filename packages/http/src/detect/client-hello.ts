/** What a TLS client says first, read without taking part in the handshake (RFC 8446 section 4.1.2). */

export interface ClientHello {
  /** server_name (RFC 6066 section 3), in lower case; null where none was sent. */
  readonly serverName: string | null;
  /** application_layer_protocol_negotiation (RFC 7301), in the client's order. */
  readonly alpnProtocols: readonly string[];
}

export type ClientHelloResult =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  /** So far it may be one. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'not-tls' };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
/** RFC 8446 section 5.1. */
const MAX_RECORD_BYTES = 1 << 14;
/** With post-quantum key shares a hello has about 2 KB; whoever sends more is not waited for. */
const MAX_CLIENT_HELLO_BYTES = 16 * 1024;

const incomplete: ClientHelloResult = { kind: 'incomplete' };
const notTls: ClientHelloResult = { kind: 'not-tls' };

/** Reads the hello at the start of [start,end), which may be spread over several records. */
export function parseClientHello(buffer: Buffer, start: number, end: number): ClientHelloResult {
  const message = joinRecords(buffer, start, end);
  if ('kind' in message) return message;
  if (message.length < 4) return incomplete;
  if (message[0] !== CLIENT_HELLO) return notTls;
  const length = message.readUIntBE(1, 3);
  if (length > MAX_CLIENT_HELLO_BYTES) return notTls;
  if (message.length < 4 + length) return incomplete;
  const hello = readHello(new Cursor(message.subarray(4, 4 + length)));
  return hello === null ? notTls : { kind: 'hello', hello };
}

/** The handshake bytes of the records that are here. */
function joinRecords(buffer: Buffer, start: number, end: number): Buffer | ClientHelloResult {
  const parts: Buffer[] = [];
  let at = start;
  while (at < end) {
    if (buffer[at] !== HANDSHAKE_RECORD || (at + 1 < end && buffer[at + 1] !== 3)) return notTls;
    if (end - at < 5) break;
    const length = buffer.readUInt16BE(at + 3);
    if (length === 0 || length > MAX_RECORD_BYTES) return notTls;
    const bodyEnd = Math.min(end, at + 5 + length);
    parts.push(buffer.subarray(at + 5, bodyEnd));
    at = at + 5 + length;
    if (isWhole(parts)) break;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** What follows the hello's last record is no concern of its reader. */
function isWhole(parts: readonly Buffer[]): boolean {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  if (total < 4) return false;
  const head = parts[0]!.length >= 4 ? parts[0]! : Buffer.concat([...parts]);
  return total >= 4 + head.readUIntBE(1, 3);
}

/** Null where a length points beyond its container. */
function readHello(body: Cursor): ClientHello | null {
  // legacy_version and random; then session id, cipher suites and compression methods.
  body.skip(2 + 32);
  body.vector(1);
  body.vector(2);
  body.vector(1);
  let serverName: string | null = null;
  let alpnProtocols: readonly string[] = [];
  const extensions = body.isAtEnd ? null : body.vector(2);
  while (extensions !== null && !extensions.isAtEnd && !extensions.hasFailed) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    if (type === SERVER_NAME) serverName = readServerName(content);
    else if (type === ALPN) alpnProtocols = readAlpn(content);
    if (content.hasFailed) return null;
  }
  if (body.hasFailed || extensions?.hasFailed === true) return null;
  return { serverName, alpnProtocols };
}

function readServerName(content: Cursor): string | null {
  const names = content.vector(2);
  while (!names.isAtEnd && !names.hasFailed) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type === 0 && !name.hasFailed) return name.text().toLowerCase();
  }
  return null;
}

function readAlpn(content: Cursor): readonly string[] {
  const list = content.vector(2);
  const protocols: string[] = [];
  while (!list.isAtEnd && !list.hasFailed) protocols.push(list.vector(1).text());
  return protocols;
}

/** Reads onwards; a length that points beyond the end fails it for good, and reads as nothing. */
class Cursor {
  hasFailed = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) this.hasFailed = true;
    this.#at += count;
  }

  number(byteCount: 1 | 2): number {
    const from = this.#at;
    this.skip(byteCount);
    return this.hasFailed ? 0 : this.#bytes.readUIntBE(from, byteCount);
  }

  /** What follows a length of so many bytes. */
  vector(lengthBytes: 1 | 2): Cursor {
    const length = this.number(lengthBytes);
    const from = this.#at;
    this.skip(length);
    const inner = new Cursor(this.hasFailed ? Buffer.alloc(0) : this.#bytes.subarray(from, from + length));
    inner.hasFailed = this.hasFailed;
    return inner;
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }
}
