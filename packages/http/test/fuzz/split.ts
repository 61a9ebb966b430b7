import { hashOf, Random } from './random.ts';

/** Where to cut an input, decided by its bytes: increasing offsets, the last of them its end. */
export function cutsOf(input: Buffer, salt: number): number[] {
  const random = new Random(hashOf(input) + salt);
  // Every byte on its own once in a while.
  if (input.length <= 256 && random.oneIn(16)) return Array.from(input, (_byte, index) => index + 1);
  const cuts = new Set<number>([input.length]);
  for (let left = random.below(5); left > 0; left--) cuts.add(random.below(input.length + 1));
  return [...cuts].toSorted((a, b) => a - b);
}
