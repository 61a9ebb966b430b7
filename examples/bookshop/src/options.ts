import { parseArgs } from 'node:util';

export const usage = `Usage: npm run demo -- [options]

Starts a bookshop of four small services as real processes, each beside its Tulle sidecar, with a
control plane of its own; loads it, shifts traffic between two versions by rewriting a YAML file, and
kills a process. It runs until Ctrl-C.

Options:
  --once         run the whole story in under a minute, check it, and exit 0 or 1
  --json FILE    write the figures of the run to FILE
  --rate N       pages a second, four requests through the mesh each (default 75)
  --base A.B.C   the loopback addresses to use, A.B.C.1 to A.B.C.51 (default 127.0.10)
  --dir DIR      the working directory, emptied at the start (default .tulle/demo)
  --help         show this
`;

export interface DemoOptions {
  readonly isHelp: boolean;
  readonly isOnce: boolean;
  readonly jsonFile: string | null;
  readonly pagesPerSecond: number;
  /** The first three bytes of every address. */
  readonly base: string;
  /** Null: a directory of the base's own below `.tulle`. */
  readonly directory: string | null;
}

/** Reads the command line; throws with what is wrong. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'string' },
      rate: { type: 'string', default: '75' },
      base: { type: 'string', default: defaultBase },
      dir: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const pagesPerSecond = Number(values.rate);
  if (!Number.isInteger(pagesPerSecond) || pagesPerSecond < 10 || pagesPerSecond > 1_000)
    throw new Error(`--rate must be a whole number from 10 to 1000, not "${values.rate}"`);
  if (
    !/^127\.\d{1,3}\.\d{1,3}$/.test(values.base) ||
    values.base.split('.').some((byte) => Number(byte) > 255)
  )
    throw new Error(`--base must be the first three bytes of a loopback address, not "${values.base}"`);
  return {
    isHelp: values.help,
    isOnce: values.once,
    jsonFile: values.json ?? null,
    pagesPerSecond,
    base: values.base,
    directory: values.dir ?? null,
  };
}

export const defaultBase = '127.0.10';
