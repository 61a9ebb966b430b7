/** Field blocks that are HPACK, mostly (RFC 7541 section 6). */
import type { Mutator } from './fuzz-target.ts';
import type { Random } from './random.ts';

const NAMES = [
  ':method',
  ':path',
  ':status',
  ':authority',
  'cookie',
  'x-a',
  'x-b',
  'set-cookie',
  'te',
  'content-length',
  'A',
  '',
  'x y',
];
const VALUES = [
  '',
  'a',
  'GET',
  '/',
  '200',
  '5',
  'trailers',
  'a=b',
  'x'.repeat(40),
  'y'.repeat(200),
  ' a',
  'a\r\nb: c',
  '\0',
];
/** Huffman strings: www.example.com, no-cache, padding of zeros, a padding too long, EOS. */
const HUFFMAN = ['f1e3c2e5f23a6ba0ab90f4ff', 'a8eb10649cbf', '18', '1fff', 'ffffffff', ''].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** Adds a field to one of the blocks, each behind its length in a byte, or cuts, joins or repeats blocks. */
export const hpackMutator: Mutator = (input, other, random) => {
  const blocks = split(input);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(blocks.length + 1);
    switch (random.below(6)) {
      case 0:
        blocks.splice(at, 0, hpackField(random));
        break;
      case 1:
        blocks.splice(at, 1);
        break;
      case 2:
        blocks.splice(at, 0, random.pick([...split(other), Buffer.alloc(0)]));
        break;
      default:
        blocks.splice(at, 1, Buffer.concat([blocks[at] ?? Buffer.alloc(0), hpackField(random)]));
    }
  }
  const parts = blocks.map((block) =>
    Buffer.concat([Buffer.of(Math.min(block.length, 255)), block.subarray(0, 255)]),
  );
  return Buffer.concat([input.subarray(0, 1), ...parts]);
};

/** One representation of a field, or a size update. */
export function hpackField(random: Random): Buffer {
  switch (random.below(6)) {
    case 0:
      return integer(random.below(64), 7, 0x80);
    case 1:
      return integer(62 + random.below(8), 7, 0x80);
    case 2:
      return integer(random.pick([0, 32, 64, 100, 1000, 4096, 4097]), 5, 0x20);
    case 3:
      return Buffer.concat([integer(1 + random.below(65), 6, 0x40), text(random)]);
    default:
      return Buffer.concat([
        Buffer.of(random.pick([0x00, 0x10, 0x40])),
        plain(random.pick(NAMES)),
        text(random),
      ]);
  }
}

/** A literal field with a name of its own; `form` is its first byte. */
export function literal(name: string, value: string, form = 0x00): Buffer {
  return Buffer.concat([Buffer.of(form), plain(name), plain(value)]);
}

function text(random: Random): Buffer {
  if (random.oneIn(3)) {
    const bytes = random.pick(HUFFMAN);
    return Buffer.concat([integer(bytes.length, 7, 0x80), bytes]);
  }
  return plain(random.pick(VALUES));
}

function plain(value: string): Buffer {
  return Buffer.concat([integer(value.length, 7, 0), Buffer.from(value, 'latin1')]);
}

function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.of(pattern | value);
  const bytes = [pattern | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

function split(input: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 1; at < input.length; at += 1 + input[at]!) {
    blocks.push(input.subarray(at + 1, at + 1 + input[at]!));
  }
  return blocks;
}
