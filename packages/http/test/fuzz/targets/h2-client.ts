import { data, headers, settings, settingsAck, windowUpdate } from '../../../src/h2/testing/raw-frames.ts';
import { type FuzzTarget, mustHold } from '../fuzz-target.ts';
import { askFrames } from '../h2-parties.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { behaviourMutator, frameMutator } from '../mutate-frames.ts';
import { CALM_BELOW } from '../received.ts';
import { cutsOf } from '../split.ts';
import { hpackWords } from './dictionaries.ts';

const OPEN = Buffer.concat([settings([[8, 1]]), settingsAck]);

/** The first byte of an input says what is asked, and how the caller behaves; the rest is what a server sends. */
export const h2Client: FuzzTarget = {
  name: 'h2-client',
  about:
    'what is written is HTTP/2 within the windows; any split brings the same; the exchange contract holds',
  maxInputBytes: 8_192,
  mutators: [
    frameMutator('server'),
    frameMutator('server'),
    frameMutator('server'),
    byteMutator(hpackWords),
    behaviourMutator,
  ],
  seeds: () =>
    [0, 1, 2, CALM_BELOW, 200].map((behaviour) =>
      Buffer.concat([
        Buffer.of(behaviour),
        OPEN,
        headers(1, [[':status', '103']]),
        headers(1, [
          [':status', '200'],
          ['content-length', '5'],
        ]),
        data(1, 'hello', { isEnd: true }),
        windowUpdate(0, 1_000_000),
        headers(3, [[':status', '200']]),
        data(3, 'x'),
        headers(3, [['grpc-status', '0']], { isEnd: true }),
        headers(5, [[':status', '204']], { isEnd: true }),
      ]),
    ),
  run,
};

async function run(input: Buffer): Promise<void> {
  const end = Math.max(0, input.length - 1);
  const whole = await askFrames(input, [end]);
  const sliced = await askFrames(input, cutsOf(input.subarray(1), 0));
  if ((input[0] ?? 0) >= CALM_BELOW) return;
  mustHold(sliced === whole, `the same in slices: ${whole} is not ${sliced}`);
}
