/** What a client sends first, byte for byte, and when its answer is complete. One per connection. */
export interface FirstExchange {
  readonly greeting: Buffer;
  /** Takes what came, and returns what must be sent back, or null. Throws what makes the answer useless. */
  take(chunk: Buffer): Buffer | null;
  readonly isComplete: boolean;
}

/** One GET over HTTP/1.1, answered with a length. */
export class FirstH1Exchange implements FirstExchange {
  readonly greeting: Buffer;
  #received = '';
  #isComplete = false;

  constructor(authority: string, path: string) {
    this.greeting = h1Request(authority, path);
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  take(chunk: Buffer): null {
    this.#received += chunk.toString('latin1');
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return null;
    const head = this.#received.slice(0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (!head.startsWith('HTTP/1.1 200') || length === null) throw new Error(`unexpected answer: ${head}`);
    this.#isComplete = this.#received.length >= headEnd + 4 + Number(length[1]);
    return null;
  }
}

export function h1Request(authority: string, path: string, headers: readonly string[] = []): Buffer {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${authority}`, ...headers, '', ''];
  return Buffer.from(lines.join('\r\n'));
}

const frameHeaderBytes = 9;
const frameTypes = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7 } as const;
const endStreamOrAck = 0x1;
const endHeaders = 0x4;

/** One GET over HTTP/2 by prior knowledge (RFC 9113, section 3.3), on stream 1. Keeps answering SETTINGS and PING. */
export class FirstH2Exchange implements FirstExchange {
  readonly greeting: Buffer;
  #rest: Buffer = Buffer.alloc(0);
  #isComplete = false;

  constructor(authority: string, path: string) {
    const fields = Buffer.concat([
      // GET and http are entries 2 and 6 of the static table, :path and :authority the names 4 and 1.
      Buffer.from([0x82, 0x86]),
      literal(4, path),
      literal(1, authority),
    ]);
    this.greeting = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(frameTypes.settings, 0, 0, Buffer.alloc(0)),
      frame(frameTypes.headers, endStreamOrAck | endHeaders, 1, fields),
    ]);
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  take(chunk: Buffer): Buffer | null {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const replies: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      const reply = this.#takeFrame(
        bytes[at + 3]!,
        bytes[at + 4]!,
        bytes.subarray(at + frameHeaderBytes, end),
      );
      if (reply !== null) replies.push(reply);
      at = end;
    }
    // A copy: what is left must not hold on to the whole chunk.
    this.#rest = Buffer.from(bytes.subarray(at));
    return replies.length === 0 ? null : Buffer.concat(replies);
  }

  #takeFrame(type: number, flags: number, payload: Buffer): Buffer | null {
    const isMarked = (flags & endStreamOrAck) !== 0;
    if (type === frameTypes.resetStream || type === frameTypes.goAway) {
      throw new Error(`unexpected answer: ${type === frameTypes.goAway ? 'GOAWAY' : 'RST_STREAM'}`);
    }
    if (type === frameTypes.data || type === frameTypes.headers) {
      this.#isComplete ||= isMarked;
      return null;
    }
    if (isMarked || (type !== frameTypes.settings && type !== frameTypes.ping)) return null;
    return frame(type, endStreamOrAck, 0, type === frameTypes.ping ? payload : Buffer.alloc(0));
  }
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeaderBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** A literal without indexing, its name from the static table (RFC 7541, section 6.2.2); under 127 bytes. */
function literal(nameIndex: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([nameIndex, value.length]), Buffer.from(value, 'latin1')]);
}
