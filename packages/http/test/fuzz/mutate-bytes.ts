/** Mutations that know nothing of a format but its words. */
import type { Mutator } from './fuzz-target.ts';
import type { Random } from './random.ts';

const INTERESTING = [0, 1, 9, 10, 13, 32, 44, 48, 58, 59, 64, 127, 128, 255];

type Edit = (input: Buffer, other: Buffer, random: Random) => Buffer;

/** One to eight edits, in bytes or in words of the dictionary. */
export function byteMutator(dictionary: readonly string[]): Mutator {
  const words = dictionary.map((word) => Buffer.from(word, 'latin1'));
  const edits: Edit[] = [
    flipBit,
    setByte,
    addToByte,
    removeRange,
    repeatRange,
    moveRange,
    splice,
    (input, _other, random) => insert(input, random.below(input.length + 1), random.pick(words)),
    (input, _other, random) => overwrite(input, random.pick(words), random),
  ];
  return (input, other, random) => {
    let output = Buffer.from(input);
    for (let left = 1 + random.below(1 << random.below(4)); left > 0; left--) {
      output = random.pick(edits)(output, other, random) as Buffer<ArrayBuffer>;
    }
    return output;
  };
}

function flipBit(input: Buffer, _other: Buffer, random: Random): Buffer {
  if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8);
  return input;
}

function setByte(input: Buffer, _other: Buffer, random: Random): Buffer {
  const byte = random.oneIn(2) ? random.pick(INTERESTING) : random.below(256);
  if (input.length > 0) input[random.below(input.length)] = byte;
  return input;
}

function addToByte(input: Buffer, _other: Buffer, random: Random): Buffer {
  if (input.length > 0) input[random.below(input.length)]! += random.below(33) - 16;
  return input;
}

function removeRange(input: Buffer, _other: Buffer, random: Random): Buffer {
  const [start, end] = range(input, random);
  return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
}

function repeatRange(input: Buffer, _other: Buffer, random: Random): Buffer {
  const [start, end] = range(input, random);
  return insert(input, random.oneIn(2) ? end : random.below(input.length + 1), input.subarray(start, end));
}

function moveRange(input: Buffer, _other: Buffer, random: Random): Buffer {
  const [start, end] = range(input, random);
  const moved = Buffer.from(input.subarray(start, end));
  return insert(removeAt(input, start, end), random.below(input.length - moved.length + 1), moved);
}

function splice(input: Buffer, other: Buffer, random: Random): Buffer {
  if (random.oneIn(3)) {
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  }
  const [start, end] = range(other, random);
  return insert(input, random.below(input.length + 1), other.subarray(start, end));
}

function overwrite(input: Buffer, word: Buffer, random: Random): Buffer {
  const at = random.below(input.length + 1);
  return Buffer.concat([input.subarray(0, at), word, input.subarray(at + word.length)]);
}

function insert(input: Buffer, at: number, bytes: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), bytes, input.subarray(at)]);
}

function removeAt(input: Buffer, start: number, end: number): Buffer {
  return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
}

/** Short ones mostly. */
function range(input: Buffer, random: Random): [number, number] {
  const start = random.below(input.length);
  const length = 1 + random.below(1 << random.below(8));
  return [start, Math.min(input.length, start + length)];
}
