import {
  data,
  frame,
  headers,
  settings,
  settingsAck,
  T,
  windowUpdate,
} from '../../../src/h2/testing/raw-frames.ts';
import { type FuzzTarget, mustHold } from '../fuzz-target.ts';
import { serveFrames } from '../h2-parties.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { behaviourMutator, frameMutator, frameTypes } from '../mutate-frames.ts';
import { CALM_BELOW } from '../received.ts';
import { cutsOf } from '../split.ts';
import { hpackWords } from './dictionaries.ts';

const GET = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a'],
] as const;
const POST = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/p'],
  [':authority', 'a'],
  ['content-length', '5'],
] as const;
const OPEN = Buffer.concat([settings([]), settingsAck]);

/** The first byte of an input says how the application behaves; the rest is what a client sends after its preface. */
export const h2Server: FuzzTarget = {
  name: 'h2-server',
  about:
    'what is written is HTTP/2 within the windows; any split brings the same; the exchange contract holds',
  maxInputBytes: 8_192,
  mutators: [
    frameMutator('client'),
    frameMutator('client'),
    frameMutator('client'),
    byteMutator(hpackWords),
    behaviourMutator,
  ],
  seeds: () =>
    [0, 1, 2, CALM_BELOW, 200].flatMap((behaviour) => [
      Buffer.concat([
        Buffer.of(behaviour),
        OPEN,
        headers(1, GET, { isEnd: true }),
        headers(3, POST),
        data(3, 'hello', { isEnd: true }),
      ]),
      Buffer.concat([
        Buffer.of(behaviour),
        OPEN,
        headers(1, POST),
        windowUpdate(0, 1_000_000),
        data(1, 'he'),
        data(1, 'llo'),
        headers(1, [['x-t', '1']], { isEnd: true }),
        frame(T.PING, 0, 0, Buffer.alloc(8)),
      ]),
    ]),
  run,
};

async function run(input: Buffer): Promise<void> {
  const end = Math.max(0, input.length - 1);
  const whole = await serveFrames(input, [end]);
  const sliced = await serveFrames(input, cutsOf(input.subarray(1), 0));
  // A client that says goodbye and goes on may be cut off at any moment.
  if ((input[0] ?? 0) >= CALM_BELOW || frameTypes(input).includes(T.GOAWAY)) return;
  mustHold(sliced === whole, `the same in slices: ${whole} is not ${sliced}`);
}
