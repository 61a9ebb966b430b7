import { HPACK_ERROR, HPACK_TOO_LARGE, HpackDecoder } from '../../../src/hpack/hpack-decoder.ts';
import { BEGIN_BYTES, FIELD_OVERHEAD, HpackEncoder } from '../../../src/hpack/hpack-encoder.ts';
import { FieldSection, FLAG_SENSITIVE } from '../../../src/message/field-section.ts';
import { type HpackField, HpackRefusal, StrictHpackDecoder } from '../../testing/strict-hpack.ts';
import { type FuzzTarget, mustHold } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { hpackMutator, literal } from '../mutate-hpack.ts';
import { hpackWords } from './dictionaries.ts';

const limits = { maxSectionBytes: 1_500, maxCount: 24 };
const ROOM = 4_096;
/** RFC 9113 section 6.5.2: what a peer may use until our SETTINGS are acknowledged. */
const DEFAULT_TABLE_BYTES = 4_096;
/** What the second byte of an input may announce. */
const TABLES = [DEFAULT_TABLE_BYTES, 128, 0, 1_024];

/**
 * An input is a byte for the options, and blocks that each begin with their length in a byte: one after the
 * other they make a connection's direction.
 */
export const hpackDecode: FuzzTarget = {
  name: 'hpack-decode',
  about: 'fields, errors and table as a plain decoder has them; encode then decode is the identity',
  maxInputBytes: 2_048,
  mutators: [byteMutator(hpackWords), hpackMutator, hpackMutator],
  seeds: () => [
    Buffer.concat([
      Buffer.of(0, 3, 0x82, 0x86, 0x84),
      block(literal('x-a', 'b', 0x40)),
      block(Buffer.of(0xbe)),
    ]),
    Buffer.concat([Buffer.of(1, 4, 0x20, 0x3f, 0x61, 0x82), block(literal('cookie', 'a=b', 0x10))]),
  ],
  run,
};

function block(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function run(input: Buffer): void {
  const options = input[0] ?? 0;
  const announced = TABLES[options % TABLES.length]!;
  const decoder = new HpackDecoder(announced);
  // Before our SETTINGS are acknowledged the peer may use the default, so say only what it may do after.
  const strict = new StrictHpackDecoder(Math.max(announced, DEFAULT_TABLE_BYTES));
  const hop = new Hop(options);
  const out = Buffer.alloc(ROOM);
  const section = new FieldSection();
  for (let at = 1; at < input.length; at += 1 + input[at]!) {
    const start = at + 1;
    const end = Math.min(input.length, start + input[at]!);
    const result = decoder.decode(input, start, end, section, out, 16, limits);
    const expected = strictly(strict, input.subarray(start, end));
    if (expected === null) {
      mustHold(result === HPACK_ERROR, `a block that is no HPACK is refused, not ${result}`);
      return;
    }
    mustHold(result !== HPACK_ERROR, 'a block of HPACK is accepted');
    tableMustAgree(decoder, strict);
    if (result === HPACK_TOO_LARGE) {
      mustHold(isTooLarge(expected), 'only what exceeds the limits is too large');
      continue;
    }
    mustHold(!isTooLarge(expected), 'what exceeds the limits is too large');
    sectionMustHold(section, expected);
    hop.check(section);
  }
}

function strictly(strict: StrictHpackDecoder, bytes: Buffer): HpackField[] | null {
  try {
    return strict.decode(bytes);
  } catch (thrown) {
    if (thrown instanceof HpackRefusal) return null;
    throw thrown;
  }
}

function isTooLarge(fields: readonly HpackField[]): boolean {
  const bytes = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  return bytes > limits.maxSectionBytes || fields.length > limits.maxCount;
}

function tableMustAgree(decoder: HpackDecoder, strict: StrictHpackDecoder): void {
  const { table } = decoder;
  mustHold(table.size === strict.tableBytes && table.count === strict.tableCount, 'the same table');
  mustHold(table.text.length <= Math.max(1_024, 2 * DEFAULT_TABLE_BYTES), 'a table within its memory');
}

function sectionMustHold(section: FieldSection, expected: readonly HpackField[]): void {
  mustHold(section.count === expected.length, 'as many fields');
  let at = section.linesStart;
  for (const [i, [name, value, isNeverIndexed]] of expected.entries()) {
    mustHold(section.name(i) === name && section.value(i) === value, `field ${i} is "${name}: ${value}"`);
    mustHold(((section.flags[i]! & FLAG_SENSITIVE) !== 0) === isNeverIndexed, 'never-indexed stays so');
    mustHold(section.nameStart[i] === at, 'a line begins where the one before it ends');
    at = section.valueEnd[i]! + 2;
    const line = section.buffer.toString('latin1', section.nameStart[i], at);
    mustHold(line === `${name}: ${value}\r\n`, 'a field is a line of text');
  }
  mustHold(section.linesEnd === at && at <= 16 + limits.maxSectionBytes, 'lines within their bounds');
}

/** The next connection: what was decoded is encoded again, and decoded by both. */
class Hop {
  readonly #encoder: HpackEncoder;
  readonly #decoder = new HpackDecoder(DEFAULT_TABLE_BYTES);
  readonly #strict = new StrictHpackDecoder(DEFAULT_TABLE_BYTES);
  readonly #out = Buffer.alloc(4 * ROOM);
  readonly #section = new FieldSection();
  readonly #lines = Buffer.alloc(ROOM);
  readonly #options: number;
  #blocks = 0;

  constructor(options: number) {
    this.#options = options;
    this.#encoder = new HpackEncoder({
      usesHuffman: (options & 4) !== 0,
      admission: (options & 8) === 0 ? 'second-sight' : 'all',
    });
  }

  check(from: FieldSection): void {
    // The peer may change its mind about its table between any two blocks.
    if ((this.#options & 16) !== 0) this.#encoder.setMaxTableBytes([4096, 0, 100, 300][this.#blocks++ % 4]!);
    const end = this.#encode(from);
    const bytes = this.#out.subarray(0, end);
    const result = this.#decoder.decode(this.#out, 0, end, this.#section, this.#lines, 0, {
      maxSectionBytes: ROOM,
      maxCount: 128,
    });
    mustHold(result === 0, `what is encoded can be decoded, not ${result}`);
    const expected: HpackField[] = [];
    for (let i = 0; i < from.count; i++) {
      const name = from.name(i).replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
      const isNeverIndexed = (this.#section.flags[i]! & FLAG_SENSITIVE) !== 0;
      mustHold(isNeverIndexed || (from.flags[i]! & FLAG_SENSITIVE) === 0, 'never-indexed leaves so');
      expected.push([name, from.value(i), isNeverIndexed]);
    }
    mustHold(
      JSON.stringify(this.#strict.decode(bytes)) === JSON.stringify(expected),
      'encoding keeps all fields',
    );
    mustHold(this.#decoder.table.size === this.#encoder.table.size, 'both ends have the same table');
    for (const [i, [name, value]] of expected.entries()) {
      mustHold(this.#section.name(i) === name && this.#section.value(i) === value, 'decode after encode');
    }
  }

  #encode(from: FieldSection): number {
    let o = this.#encoder.begin(this.#out, 0);
    mustHold(o <= BEGIN_BYTES, 'begin() within what it says');
    for (let i = 0; i < from.count; i++) {
      const [ns, ne, vs, ve] = [from.nameStart[i]!, from.nameEnd[i]!, from.valueStart[i]!, from.valueEnd[i]!];
      const isSensitive = (from.flags[i]! & FLAG_SENSITIVE) !== 0;
      const after = this.#encoder.field(this.#out, o, from.buffer, ns, ne, from.buffer, vs, ve, isSensitive);
      mustHold(after - o <= ne - ns + ve - vs + FIELD_OVERHEAD, 'a field within what it says');
      o = after;
    }
    return o;
  }
}
