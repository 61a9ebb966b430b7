import { BodyReader } from '../../../src/h1/body-reader.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_UNTIL_CLOSE,
  type Framing,
} from '../../../src/message/head-index.ts';
import { readStrictRequest, StrictRefusal } from '../../testing/strict-http1.ts';
import { type FuzzTarget, mustHold } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { lineMutator } from '../mutate-lines.ts';
import { cutsOf } from '../split.ts';
import { h1BodyLines, h1FieldLines, h1Words } from './dictionaries.ts';

/** The first byte of an input says how the body is framed; mostly by chunks. */
const FRAMINGS: readonly Framing[] = [
  FRAMING_CHUNKED,
  FRAMING_CHUNKED,
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_UNTIL_CLOSE,
];
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

export const h1Body: FuzzTarget = {
  name: 'h1-body',
  about: 'any split gives the same payload, trailers and end; a strict reader finds the same',
  maxInputBytes: 4096,
  mutators: [byteMutator(h1Words), lineMutator([...h1BodyLines, ...h1FieldLines])],
  seeds: () =>
    ['\0' + '5;a=b\r\nhello\r\n0\r\nx-t: 1\r\n\r\nrest', '\x03hello'].map((text) => Buffer.from(text)),
  run,
};

function run(input: Buffer): void {
  const framing = FRAMINGS[(input[0] ?? 0) % FRAMINGS.length]!;
  const length = (input[0] ?? 0) * 2;
  const bytes = input.subarray(1);
  const whole = read(bytes, framing, length, [bytes.length]);
  for (let salt = 0; salt < 2; salt++) {
    const sliced = read(bytes, framing, length, cutsOf(bytes, salt));
    mustHold(sliced.text === whole.text, `the same in slices: ${whole.text} is not ${sliced.text}`);
  }
  if (framing === FRAMING_CHUNKED) strictMustAgree(bytes.toString('latin1'), whole);
}

interface Outcome {
  readonly payload: string;
  readonly trailers: string;
  readonly isDone: boolean;
  readonly errorCode: number;
  readonly end: number;
  readonly text: string;
}

function read(bytes: Buffer, framing: Framing, length: number, cuts: readonly number[]): Outcome {
  const reader = new BodyReader();
  const verbatim = new BodyReader();
  reader.keepsTrailers = true;
  reader.reset(framing, length);
  verbatim.reset(framing, length);
  let payload = '';
  let end = 0;
  let passed = 0;
  let at = 0;
  for (const cut of cuts) {
    const slice = Buffer.concat([bytes.subarray(at, cut), Buffer.from('\r\n0\r\n\r\n')]);
    const sliceEnd = cut - at;
    let i = 0;
    while (i < sliceEnd && !reader.done && reader.errorCode === 0) {
      const after = reader.scanData(slice, i, sliceEnd);
      mustHold(after > i && after <= sliceEnd, 'a scan goes on, and not too far');
      mustHold(reader.dataStart >= i && reader.dataEnd <= after, 'the payload lies in what was scanned');
      payload += slice.toString('latin1', reader.dataStart, reader.dataEnd);
      i = after;
    }
    end += i;
    passed += verbatim.scan(slice, 0, sliceEnd);
    at = cut;
  }
  const { done: isDone, errorCode } = reader;
  mustHold(
    passed === end && verbatim.done === isDone && verbatim.errorCode === errorCode,
    'scan() as scanData()',
  );
  const trailers = errorCode === 0 ? reader.trailers.toString('latin1') : '';
  const text = JSON.stringify([payload, trailers, isDone, errorCode, end]);
  return { payload, trailers, isDone, errorCode, end, text };
}

function strictMustAgree(text: string, { payload, isDone, errorCode, end }: Outcome): void {
  try {
    const message = readStrictRequest(HEAD + text);
    // We refuse more than the grammar does: white space, long extensions, sizes of many digits.
    if (errorCode !== 0) return;
    mustHold(isDone, 'a body that is whole to a strict reader is whole');
    mustHold(message.body === payload && message.end - HEAD.length === end, 'the same payload and end');
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    // Extensions end with us: they are skipped where they hold no control bytes, whatever their grammar.
    const isLenient =
      thrown.message.startsWith('chunk line') && /^chunk line "[0-9a-fA-F]{1,13};/.test(thrown.message);
    mustHold(!isDone || isLenient, `a strict reader takes what is whole to us: ${thrown.message}`);
  }
}
