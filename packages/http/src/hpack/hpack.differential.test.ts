/** node:http2 (nghttp2) as the peer over one connection: what it decodes of ours, and we of its. */
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  sensitiveHeaders,
} from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { STATIC_COUNT, staticEntries, staticText } from './static-table.ts';
import { decodeBlock, encodeBlock, type TextField } from './testing/blocks.ts';

const PREFACE_BYTES = 24;
const HEADERS = 1;
const SETTINGS = 4;
const END_STREAM_AND_HEADERS = 5;

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** As much of a server as HPACK needs: it answers each request with the fields that are next in `answers`. */
class FieldServer {
  readonly requests: TextField[][] = [];
  readonly answers: TextField[][] = [];
  readonly server: Server;
  readonly #decoder: HpackDecoder;
  readonly #encoder: HpackEncoder;

  constructor(tableBytes: number, encoder: HpackEncoder) {
    this.#decoder = new HpackDecoder(tableBytes);
    this.#encoder = encoder;
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(1, 0);
    settings.writeUInt32BE(tableBytes, 2);
    this.server = createServer((socket) => {
      socket.write(frame(SETTINGS, 0, 0, settings));
      let received: Buffer = Buffer.alloc(0);
      socket.on('data', (slice: Buffer) => {
        received = Buffer.concat([received, slice]);
        received = this.#take(socket, received);
      });
      socket.on('error', () => {});
    });
  }

  /** Gives what is not whole yet. */
  #take(socket: Socket, bytes: Buffer): Buffer {
    let rest = bytes.toString('latin1', 0, 3) === 'PRI' ? bytes.subarray(PREFACE_BYTES) : bytes;
    while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const payload = rest.subarray(9, 9 + rest.readUIntBE(0, 3));
      this.#onFrame(socket, rest[3]!, rest[4]!, rest.readUInt32BE(5), payload);
      rest = rest.subarray(9 + payload.length);
    }
    return Buffer.from(rest);
  }

  #onFrame(socket: Socket, type: number, flags: number, streamId: number, payload: Buffer): void {
    if (type === SETTINGS && flags === 0) socket.write(frame(SETTINGS, 1, 0, Buffer.alloc(0)));
    if (type === SETTINGS && flags === 1) this.#decoder.onSettingsAcknowledged();
    if (type !== HEADERS) return;
    // Its HEADERS carry a priority (RFC 7540 section 6.2).
    const decoded = decodeBlock(this.#decoder, payload.subarray((flags & 0x20) === 0 ? 0 : 5));
    if (decoded.error !== 0) throw new Error(`not decoded: ${payload.toString('hex')}`);
    this.requests.push(decoded.fields);
    const block = encodeBlock(this.#encoder, this.answers.shift()!);
    socket.write(frame(HEADERS, END_STREAM_AND_HEADERS, streamId, block));
  }
}

async function answerTo(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
): Promise<IncomingHttpHeaders> {
  const request = session.request(headers, { endStream: true });
  const answer = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  request.resume();
  return answer;
}

const NOT_PLAIN =
  /^(:|cookie$|te$|host$|content-length$|connection$|transfer-encoding$|upgrade$|age$|date$|expect$)/;
const SINGLE = Array.from({ length: STATIC_COUNT }, (_, i) => {
  const at = staticEntries[4 * (i + 1)]!;
  return staticText.toString('latin1', at, at + staticEntries[4 * (i + 1) + 1]!);
}).filter((name) => !NOT_PLAIN.test(name));

const value = fc.oneof(
  fc.constantFrom('a', 'gzip, deflate', 'x'.repeat(200), '0'),
  fc.stringMatching(/^[!-~\x80-\xff]{1,60}$/),
);
const fieldsOf = (names: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.tuple(names, value), { selector: ([name]) => name, minLength: 1, maxLength: 12 });
const name = fc.oneof(fc.constantFrom(...SINGLE), fc.stringMatching(/^x-[a-z0-9]{1,6}$/));

describe.each([
  { what: 'with the default table', tableBytes: 4096, encoder: () => new HpackEncoder() },
  {
    what: 'with Huffman',
    tableBytes: 4096,
    encoder: () => new HpackEncoder({ usesHuffman: true, admission: 'all' }),
  },
  {
    what: 'with small tables',
    tableBytes: 200,
    encoder: () => new HpackEncoder({ maxTableBytes: 200, admission: 'all' }),
  },
  { what: 'with large tables', tableBytes: 40_000, encoder: () => new HpackEncoder({ usesHuffman: true }) },
  { what: 'without tables', tableBytes: 0, encoder: () => new HpackEncoder({ maxTableBytes: 0 }) },
])('node:http2 $what', ({ tableBytes, encoder }) => {
  let peer: FieldServer;
  let session: ClientHttp2Session;

  beforeAll(async () => {
    peer = new FieldServer(tableBytes, encoder());
    peer.server.listen(0, '127.0.0.1');
    await new Promise((resolve) => peer.server.once('listening', resolve));
    const { port } = peer.server.address() as AddressInfo;
    session = connect(`http://127.0.0.1:${port}`);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
  });
  afterAll(() => {
    session.destroy();
    peer.server.close();
  });

  it('encodes what we decode, and decodes what we encode, exchange after exchange', async () => {
    await fc.assert(
      fc.asyncProperty(fieldsOf(name), fieldsOf(name), async (sent, answered) => {
        peer.answers.push([[':status', '200'], ...answered]);
        const got = await answerTo(session, { ':path': '/', ...Object.fromEntries(sent) });
        const received = peer.requests.pop()!;
        // node takes authorization for sensitive by itself.
        expect(received.filter(([n]) => !n.startsWith(':')).map(([n, v]) => [n, v])).toEqual(sent);
        expect(received.slice(0, 4)).toContainEqual([':path', '/']);
        for (const [n, v] of answered) expect([got[n]].flat()).toEqual([v]);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps what is sensitive, both ways', async () => {
    for (let i = 0; i < 3; i++) {
      peer.answers.push([
        [':status', '404'],
        ['x-own', 'secret', true],
      ]);
      const got = await answerTo(session, { 'x-key': 'k', [sensitiveHeaders]: ['x-key'] });
      expect(peer.requests.pop()).toContainEqual(['x-key', 'k', true]);
      expect(got).toMatchObject({ ':status': 404, 'x-own': 'secret', [sensitiveHeaders]: ['x-own'] });
    }
  });
});
