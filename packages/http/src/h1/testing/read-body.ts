import type { Framing } from '../../message/head-index.ts';
import { BodyReader } from '../body-reader.ts';

/** Reads a body that arrives in slices ending at `cuts`, by scanData(), and by scan() for comparison. */
export function readBody(bytes: Buffer, framing: Framing, contentLength: number, cuts: readonly number[]) {
  const reader = new BodyReader();
  const verbatim = new BodyReader();
  reader.keepsTrailers = true;
  reader.reset(framing, contentLength);
  verbatim.reset(framing, contentLength);
  const payload: Buffer[] = [];
  let consumed = 0;
  let passed = 0;
  let at = 0;
  for (const cut of cuts) {
    // The scan must not depend on what lies beyond `end`, nor on where the slice lies.
    const slice = Buffer.concat([
      Buffer.from('0\r\n'),
      bytes.subarray(at, cut),
      Buffer.from('\r\n0\r\n\r\n'),
    ]);
    const end = 3 + cut - at;
    let i = 3;
    while (i < end && !reader.done && reader.errorCode === 0) {
      i = reader.scanData(slice, i, end);
      payload.push(Buffer.from(slice.subarray(reader.dataStart, reader.dataEnd)));
    }
    consumed += i - 3;
    passed += verbatim.scan(slice, 3, end) - 3;
    at = cut;
  }
  if (passed !== consumed || verbatim.done !== reader.done || verbatim.errorCode !== reader.errorCode) {
    throw new Error('scan() and scanData() disagree');
  }
  return {
    payload: Buffer.concat(payload).toString('latin1'),
    trailers: reader.trailers.toString('latin1'),
    done: reader.done,
    errorCode: reader.errorCode,
    consumed,
  };
}
