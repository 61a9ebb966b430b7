import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MemoryTransport } from '../../src/h2/testing/memory-transport.ts';

/** More turns of the loop than any answer takes. */
const QUIET_TURNS = 3;
/** With so many slices not each of them has a turn of its own. */
const MANY_SLICES = 8;

/** Delivers the input up to each cut in turn; `poke` is called in between. */
export async function drive(
  transport: MemoryTransport,
  input: Buffer,
  cuts: readonly number[],
  poke: () => void,
): Promise<void> {
  let at = 0;
  for (const [index, cut] of cuts.entries()) {
    // The transport overwrites what it has delivered.
    if (cut > at) transport.deliver(Buffer.from(input.subarray(at, cut)));
    at = cut;
    if (cuts.length > MANY_SLICES && index % MANY_SLICES !== 0) continue;
    await nextTurn();
    poke();
  }
  await quiet();
}

export async function quiet(): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) await nextTurn();
}
