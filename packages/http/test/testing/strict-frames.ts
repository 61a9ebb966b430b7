/**
 * Reads what an HTTP/2 connection writes, beside what its peer wrote, and throws where that breaks RFC 9113:
 * frame forms, states of streams, windows, SETTINGS and PING answered as often as asked. A judge of its own:
 * it shares no code with the codec.
 */
import { type Frame, FrameCutter } from './frame-cutter.ts';
import { StrictHpackDecoder } from './strict-hpack.ts';

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;

const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const HEADER_TABLE_SIZE = 1;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const LARGEST_WINDOW = 2 ** 31 - 1;

class FrameViolation extends Error {
  override readonly name = 'FrameViolation';
}

interface StreamRecord {
  /** HEADERS of the peer or of the subject came. */
  isOpen: boolean;
  hasEnded: boolean;
  wasReset: boolean;
  /** Flow-controlled bytes that the subject sent, and the credit that the peer gave beside the initial window. */
  sentBytes: number;
  creditBytes: number;
  /** Flow-controlled bytes that the peer sent, and the credit that the subject gave. */
  receivedBytes: number;
  givenBytes: number;
  fields: (readonly [string, string])[][];
}

export class StrictFrames {
  readonly streams = new Map<number, StreamRecord>();
  goawayCodes: number[] = [];
  settingsSent = 0;
  readonly #isServer: boolean;
  readonly #ownFrames: FrameCutter;
  readonly #peerFrames = new FrameCutter();
  readonly #hpack: StrictHpackDecoder;
  #prefaceLeft: string;
  /** What each of the peer's SETTINGS came to, in order; they hold as the subject acknowledges them. */
  readonly #peerSettings = [{ window: 65535, frameBytes: 16384, tableBytes: 4096 }];
  #acknowledged = 0;
  readonly #pings: string[] = [];
  #lastGoaway = LARGEST_WINDOW;
  #lastOpened = 0;
  #block: { readonly streamId: number; readonly isEnd: boolean; parts: Buffer[] } | null = null;
  #sentBytes = 0;
  #creditBytes = 65535;
  #receivedBytes = 0;
  #givenBytes = 0;
  readonly #windowBytes: number;

  /** `windowBytes`: the most that the subject lets its peer have under way on the connection. */
  constructor(role: 'server' | 'client', windowBytes: number) {
    this.#isServer = role === 'server';
    this.#prefaceLeft = role === 'client' ? PREFACE : '';
    this.#ownFrames = new FrameCutter();
    this.#hpack = new StrictHpackDecoder(4096);
    this.#windowBytes = windowBytes;
  }

  /** Well-formed or not: what the subject makes of it is judged by what it answers. */
  onPeerBytes(bytes: Buffer): void {
    this.#peerFrames.add(bytes);
    for (let frame = this.#peerFrames.next(); frame !== null; frame = this.#peerFrames.next()) {
      this.#notePeer(frame);
    }
  }

  onWritten(bytes: Buffer): void {
    let rest = bytes;
    if (this.#prefaceLeft !== '') {
      const part = bytes.toString('latin1', 0, this.#prefaceLeft.length);
      must(this.#prefaceLeft.startsWith(part), '3.4: a client begins with the preface');
      this.#prefaceLeft = this.#prefaceLeft.slice(part.length);
      rest = bytes.subarray(part.length);
    }
    this.#ownFrames.add(rest);
    for (let frame = this.#ownFrames.next(); frame !== null; frame = this.#ownFrames.next())
      this.#check(frame);
  }

  /** The subject has closed in order: nothing may be left half. */
  finish(): void {
    must(this.#ownFrames.isEmpty, '4.1: the last frame is whole');
    must(this.#block === null, '4.3: the last field block is whole');
  }

  #notePeer({ type, flags, streamId, payload }: Frame): void {
    const stream = this.#stream(streamId);
    if (type === DATA) {
      stream.receivedBytes += payload.length;
      this.#receivedBytes += payload.length;
    } else if (type === HEADERS) stream.isOpen = true;
    else if (type === PING && (flags & ACK) === 0) this.#pings.push(payload.toString('hex'));
    else if (type === SETTINGS && (flags & ACK) === 0) this.#notePeerSettings(payload);
    else if (type === WINDOW_UPDATE && payload.length >= 4) {
      const increment = payload.readUInt32BE() % 2 ** 31;
      if (streamId === 0) this.#creditBytes += increment;
      else stream.creditBytes += increment;
    }
  }

  #notePeerSettings(payload: Buffer): void {
    const next = { ...this.#peerSettings.at(-1)! };
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const id = payload.readUInt16BE(at);
      if (id === INITIAL_WINDOW_SIZE) next.window = value;
      else if (id === MAX_FRAME_SIZE) next.frameBytes = Math.max(16384, value);
      else if (id === HEADER_TABLE_SIZE) next.tableBytes = value;
    }
    this.#peerSettings.push(next);
  }

  #check(frame: Frame): void {
    const { type, streamId, payload } = frame;
    must(payload.length <= this.#allowed.frameBytes, '4.2: no frame above the size that the peer takes');
    must(this.settingsSent > 0 || type === SETTINGS, '3.4: SETTINGS come first');
    if (this.#block !== null) {
      must(type === CONTINUATION && streamId === this.#block.streamId, '6.10: nothing within a field block');
    }
    const check = this.#checks[type];
    must(check !== undefined, `5.5: no frame of type ${type} is ever sent`);
    check!(frame);
  }

  readonly #checks: Readonly<Record<number, (frame: Frame) => void>> = {
    [DATA]: (frame) => this.#checkData(frame),
    [HEADERS]: (frame) => this.#checkHeaders(frame),
    [RST_STREAM]: (frame) => this.#checkReset(frame),
    [SETTINGS]: (frame) => this.#checkSettings(frame),
    [PING]: (frame) => this.#checkPing(frame),
    [GOAWAY]: (frame) => this.#checkGoaway(frame),
    [WINDOW_UPDATE]: (frame) => this.#checkWindowUpdate(frame),
    [CONTINUATION]: (frame) => this.#checkContinuation(frame),
  };

  get #allowed(): { window: number; frameBytes: number; tableBytes: number } {
    return this.#peerSettings[this.#acknowledged]!;
  }

  /** Of the SETTINGS that hold, and of those that are on their way to. */
  get #largestTable(): number {
    return Math.max(...this.#peerSettings.slice(this.#acknowledged).map(({ tableBytes }) => tableBytes));
  }

  #checkData({ flags, streamId, payload }: Frame): void {
    const stream = this.#writable(streamId, 'DATA');
    must(stream.fields.length > 0, '8.1: HEADERS come before DATA');
    stream.sentBytes += payload.length;
    this.#sentBytes += payload.length;
    if (payload.length > 0) {
      const window = this.#allowed.window + stream.creditBytes;
      must(stream.sentBytes <= window, `6.9: ${stream.sentBytes} bytes in a stream's window of ${window}`);
      must(this.#sentBytes <= this.#creditBytes, "6.9: within the connection's window");
    }
    if ((flags & END_STREAM) !== 0) stream.hasEnded = true;
  }

  #checkHeaders({ flags, streamId, payload }: Frame): void {
    must((flags & ~(END_STREAM | END_HEADERS)) === 0, '6.2: HEADERS without padding or priority');
    if (!this.#isServer && this.#stream(streamId).fields.length === 0) {
      must(streamId % 2 === 1 && streamId > this.#lastOpened, '5.1.1: stream identifiers are odd and ascend');
      this.#lastOpened = streamId;
      this.#stream(streamId).isOpen = true;
    }
    this.#writable(streamId, 'HEADERS');
    this.#block = { streamId, isEnd: (flags & END_STREAM) !== 0, parts: [payload] };
    if ((flags & END_HEADERS) !== 0) this.#endBlock();
  }

  #checkContinuation({ flags, payload }: Frame): void {
    must(this.#block !== null, '6.10: CONTINUATION continues a block');
    this.#block!.parts.push(payload);
    if ((flags & END_HEADERS) !== 0) this.#endBlock();
  }

  #endBlock(): void {
    const { streamId, isEnd, parts } = this.#block!;
    this.#block = null;
    const fields = this.#hpack.decode(Buffer.concat(parts)).map(([name, value]) => [name, value] as const);
    must(this.#hpack.tableBytes <= this.#largestTable, '4.3.1: the table is no larger than the peer allows');
    fieldsMustHold(fields);
    const stream = this.#stream(streamId);
    stream.fields.push(fields);
    if (isEnd) stream.hasEnded = true;
  }

  #checkReset({ streamId, payload }: Frame): void {
    must(payload.length === 4, '6.4: RST_STREAM has 4 bytes');
    const stream = this.#stream(streamId);
    must(streamId !== 0 && stream.isOpen, '6.4: RST_STREAM only for a stream that was opened');
    must(!stream.wasReset, '5.4.2: a stream is reset once');
    stream.wasReset = true;
  }

  #checkSettings({ flags, streamId, payload }: Frame): void {
    must(streamId === 0 && payload.length % 6 === 0, '6.5: SETTINGS on the connection, six bytes each');
    if ((flags & ACK) !== 0) {
      must(payload.length === 0, '6.5: an acknowledgement is empty');
      must(++this.#acknowledged < this.#peerSettings.length, '6.5.3: SETTINGS are acknowledged once each');
      return;
    }
    this.settingsSent++;
  }

  #checkPing({ flags, streamId, payload }: Frame): void {
    must(streamId === 0 && payload.length === 8, '6.7: PING on the connection, of 8 bytes');
    if ((flags & ACK) === 0) return;
    must(
      this.#pings.shift() === payload.toString('hex'),
      '6.7: PINGs are answered in order, with their bytes',
    );
  }

  #checkGoaway({ streamId, payload }: Frame): void {
    must(streamId === 0 && payload.length >= 8, '6.8: GOAWAY on the connection, of 8 bytes');
    const last = payload.readUInt32BE();
    must(last <= this.#lastGoaway, '6.8: the last stream of a GOAWAY never grows');
    this.#lastGoaway = last;
    this.goawayCodes.push(payload.readUInt32BE(4));
  }

  #checkWindowUpdate({ streamId, payload }: Frame): void {
    must(payload.length === 4, '6.9: WINDOW_UPDATE has 4 bytes');
    const increment = payload.readUInt32BE();
    must(increment > 0 && increment <= LARGEST_WINDOW, '6.9: an increment is a positive number of 31 bits');
    if (streamId === 0) {
      this.#givenBytes += increment;
      const open = 65535 + this.#givenBytes - this.#receivedBytes - this.#peerFrames.begunBytes;
      must(
        open <= Math.max(65535, this.#windowBytes),
        `6.9: ${open} bytes may be under way on the connection`,
      );
      return;
    }
    const stream = this.#stream(streamId);
    must(stream.isOpen && !stream.wasReset, '6.9: credit only for an open stream');
    stream.givenBytes += increment;
    const receivedBytes = stream.receivedBytes + this.#peerFrames.begunBytes;
    must(stream.givenBytes <= receivedBytes, '6.9: no more credit than the peer has used');
  }

  #writable(streamId: number, what: string): StreamRecord {
    const stream = this.#stream(streamId);
    must(streamId !== 0 && stream.isOpen, `5.1: ${what} only on an open stream`);
    must(!stream.hasEnded, `5.1: no ${what} after END_STREAM`);
    must(!stream.wasReset, `5.1: no ${what} after RST_STREAM`);
    return stream;
  }

  #stream(streamId: number): StreamRecord {
    let stream = this.streams.get(streamId);
    if (stream === undefined) {
      stream = {
        isOpen: false,
        hasEnded: false,
        wasReset: false,
        sentBytes: 0,
        creditBytes: 0,
        receivedBytes: 0,
        givenBytes: 0,
        fields: [],
      };
      this.streams.set(streamId, stream);
    }
    return stream;
  }
}

/** Section 8.2: names in lower case, values without CR, LF or NUL, nothing of the connection's. */
function fieldsMustHold(fields: readonly (readonly [string, string])[]): void {
  let isPseudoOver = false;
  for (const [name, value] of fields) {
    must(/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name), `8.2.1: ${JSON.stringify(name)} is no field name`);
    must(
      /^([!-~\x80-\xff]([\t !-~\x80-\xff]*[!-~\x80-\xff])?)?$/.test(value),
      `8.2.1: ${JSON.stringify(value)} is no field value`,
    );
    must(!name.startsWith(':') || !isPseudoOver, '8.3: pseudo-header fields come first');
    isPseudoOver ||= !name.startsWith(':');
    must(
      !/^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/.test(name),
      `8.2.2: ${name} is sent`,
    );
    must(name !== 'te' || value === 'trailers', '8.2.2: TE says trailers or nothing');
  }
}

function must(condition: boolean, rule: string): void {
  if (!condition) throw new FrameViolation(`RFC 9113 ${rule}`);
}
