/** Mutations of text in lines: what is a line and a name and a value stays whole. */
import type { Mutator } from './fuzz-target.ts';

const CRLF = '\r\n';

/** Removes, repeats, moves, borrows a line, or adds one of `lines`. */
export function lineMutator(lines: readonly string[]): Mutator {
  return (input, other, random) => {
    const own = input.toString('latin1').split(CRLF);
    for (let left = 1 + random.below(3); left > 0; left--) {
      const at = random.below(own.length + 1);
      switch (random.below(5)) {
        case 0:
          own.splice(at, 1);
          break;
        case 1:
          own.splice(at, 0, random.pick(own.length > 0 ? own : ['']));
          break;
        case 2:
          own.splice(at, 0, ...own.splice(random.below(own.length), 1));
          break;
        case 3:
          own.splice(at, 0, random.pick(other.toString('latin1').split(CRLF)));
          break;
        default:
          own.splice(at, random.below(2), random.pick(lines));
      }
    }
    return Buffer.from(own.join(CRLF), 'latin1');
  };
}
