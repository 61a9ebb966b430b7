import type { H1Limits } from '../../../src/h1/limits.ts';
import { parseResponseHead } from '../../../src/h1/parse-response-head.ts';
import { writeResponseHead } from '../../../src/h1/write-head.ts';
import { FLAG_HOP_BY_HOP } from '../../../src/message/field-section.ts';
import { FRAMING_UNTIL_CLOSE } from '../../../src/message/head-index.ts';
import { ResponseHead } from '../../../src/message/response-head.ts';
import { readStrictResponseHead, type StrictHead, StrictRefusal } from '../../testing/strict-http1.ts';
import { type FuzzTarget, mustHold, Violation } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { lineMutator } from '../mutate-lines.ts';
import { cutsOf } from '../split.ts';
import { h1FieldLines, h1ResponseLines, h1Words } from './dictionaries.ts';
import { headText, rangesMustHold } from './head-outcome.ts';

const limits: H1Limits = { maxHeadBytes: 700, maxHeaderCount: 12, maxTargetBytes: 60 };
/** The first byte of an input says what the response answers. */
const METHODS = ['GET', 'HEAD', 'CONNECT'];
const FRAMINGS = ['none', 'length', 'chunked', 'close'];

export const h1ResponseHead: FuzzTarget = {
  name: 'h1-response-head',
  about: 'any split gives the same head; what is accepted and written reads the same to a strict reader',
  maxInputBytes: 1024,
  mutators: [byteMutator(h1Words), lineMutator([...h1ResponseLines, ...h1FieldLines])],
  seeds: () =>
    [...METHODS.keys()].map((n) => Buffer.from(`${n}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n`)),
  run,
};

const head = new ResponseHead();
const out = Buffer.alloc(4096);

function run(input: Buffer): void {
  const method = METHODS[(input[0] ?? 0) % METHODS.length]!;
  const bytes = input.subarray(1);
  const text = read(bytes, 0, bytes.length, method);
  for (let salt = 0; salt < 2; salt++) {
    const other = inSlices(bytes, cutsOf(bytes, salt), method);
    mustHold(other === text, `the same in slices: ${JSON.stringify(text)} is not ${JSON.stringify(other)}`);
  }
  const after = parse(bytes, 0, bytes.length, method);
  if (after <= 0) return;
  mustHold(after <= Math.min(bytes.length, limits.maxHeadBytes), 'a head within its limit');
  rangesMustHold(head, limits.maxHeaderCount);
  const written = writeResponseHead(out, 0, head, null, null, 0);
  mustHold(written > 0, 'a head that fits');
  strictMustAgree(out.toString('latin1', 0, written), method);
}

function parse(bytes: Buffer, start: number, end: number, method: string): number {
  return parseResponseHead(head, bytes, start, end, limits, method === 'HEAD', method === 'CONNECT');
}

function read(bytes: Buffer, start: number, end: number, method: string): string {
  const after = parse(bytes, start, end, method);
  return after <= 0 ? String(after) : `${after - start} ${head.status} ${head.reason()} ${headText(head)}`;
}

/** As a connection reads: the same start, ever more bytes, at another place of the buffer. */
function inSlices(bytes: Buffer, cuts: readonly number[], method: string): string {
  let last = '0';
  const shifted = Buffer.concat([Buffer.from('\r\n\r\n'), bytes, Buffer.from('\r\n\r\n')]);
  for (const cut of cuts) {
    last = read(shifted, 4, 4 + cut, method);
    if (last !== '0') return last;
  }
  return last;
}

function strictMustAgree(text: string, method: string): void {
  const seen = readSent(text, method);
  mustHold(seen.start[1] === String(head.status), 'the same status');
  // Where the close ends the body, the connection adds the framing.
  if (head.framing !== FRAMING_UNTIL_CLOSE)
    mustHold(seen.framing === FRAMINGS[head.framing], 'the same framing');
  const kept = [];
  for (let i = 0; i < head.count; i++) {
    if ((head.flags[i]! & FLAG_HOP_BY_HOP) === 0) kept.push([head.name(i), head.value(i)]);
  }
  mustHold(JSON.stringify(seen.fields) === JSON.stringify(kept), 'the same fields');
}

function readSent(text: string, method: string): StrictHead {
  try {
    return readStrictResponseHead(text, 0, method);
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    throw new Violation(`a strict reader refuses what we send: ${thrown.message}`);
  }
}
