import { HeadStash } from '../../../src/h1/head-stash.ts';
import type { H1Limits } from '../../../src/h1/limits.ts';
import { parseRequestHead } from '../../../src/h1/parse-request-head.ts';
import { writeRequestHead } from '../../../src/h1/write-head.ts';
import { FLAG_HOP_BY_HOP } from '../../../src/message/field-section.ts';
import { FRAMING_CHUNKED, FRAMING_LENGTH } from '../../../src/message/head-index.ts';
import { RequestHead, TARGET_ABSOLUTE } from '../../../src/message/request-head.ts';
import {
  type Field,
  readStrictRequestHead,
  type StrictHead,
  StrictRefusal,
} from '../../testing/strict-http1.ts';
import { type FuzzTarget, mustHold, Violation } from '../fuzz-target.ts';
import { byteMutator } from '../mutate-bytes.ts';
import { lineMutator } from '../mutate-lines.ts';
import { cutsOf } from '../split.ts';
import { h1FieldLines, h1RequestLines, h1Words } from './dictionaries.ts';
import { headText, rangesMustHold } from './head-outcome.ts';

/** Small, so that short inputs reach them. */
const limits: H1Limits = { maxHeadBytes: 700, maxHeaderCount: 12, maxTargetBytes: 60 };

export const h1RequestHead: FuzzTarget = {
  name: 'h1-request-head',
  about: 'any split gives the same head; what is accepted and written reads the same to a strict reader',
  maxInputBytes: 1024,
  mutators: [byteMutator(h1Words), lineMutator([...h1RequestLines, ...h1FieldLines])],
  seeds: () => [Buffer.from('POST /a?b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello')],
  run,
};

const whole = new RequestHead();
const sliced = new RequestHead();
const out = Buffer.alloc(4096);

function run(input: Buffer): void {
  const after = parseRequestHead(whole, input, 0, input.length, limits);
  const text = outcome(whole, after);
  for (let salt = 0; salt < 2; salt++) {
    const other = inSlices(input, cutsOf(input, salt));
    mustHold(other === text, `the same in slices: ${JSON.stringify(text)} is not ${JSON.stringify(other)}`);
  }
  if (after <= 0) return;
  mustHold(after <= Math.min(input.length, limits.maxHeadBytes), 'a head within its limit');
  rangesMustHold(whole, limits.maxHeaderCount);
  const written = writeRequestHead(out, 0, whole, null, null, 0);
  mustHold(written > 0, 'a head that fits');
  strictMustAgree(out.toString('latin1', 0, written), whole);
}

function outcome(head: RequestHead, after: number): string {
  if (after <= 0) return String(after);
  return `${after} ${head.method()} ${head.path()} ${head.authority()} ${head.targetForm} ${headText(head)}`;
}

/** Through the stash, as connections do, at an offset, between bytes that are not the head's. */
function inSlices(input: Buffer, cuts: readonly number[]): string {
  const stash = new HeadStash();
  let at = 0;
  for (const cut of cuts) {
    const slice = Buffer.concat([Buffer.from('\r\n'), input.subarray(at, cut), Buffer.from('\r\n\r\n')]);
    at = cut;
    const joined = stash.join(slice, 2, slice.length - 4, limits.maxHeadBytes);
    if (joined === null) continue;
    const after = parseRequestHead(sliced, joined, 0, joined.length, limits);
    if (after !== 0) return outcome(sliced, after);
    stash.keep(joined, 0, joined.length);
  }
  // The stash holds an error in an unfinished line back until the line ends: ask for it.
  const rest = stash.join(Buffer.alloc(0), 0, 0, 0) ?? Buffer.alloc(0);
  return outcome(sliced, parseRequestHead(sliced, rest, 0, rest.length, limits));
}

/** The head as it would be sent on: does a reader behind us see the request that we saw? */
function strictMustAgree(text: string, head: RequestHead): void {
  const seen = readSent(text);
  mustHold(seen.start[0] === head.method(), 'the same method');
  if (head.targetForm === TARGET_ABSOLUTE) mustHold(seen.start[1] === head.path(), 'origin-form');
  const stated =
    head.framing === FRAMING_CHUNKED ? 'chunked' : head.framing === FRAMING_LENGTH ? 'length' : 'none';
  mustHold(seen.framing === stated, `framed by ${seen.framing}, not by ${stated}`);
  mustHold(seen.fields.find(isHost)?.[1] === (hostOf(head) ?? undefined), 'the same host');
  const kept = keptFields(head);
  const others = seen.fields.filter((field) => !isHost(field));
  if (head.hasTeTrailers) mustHold(String(others.pop()) === 'connection,te', 'Connection names TE');
  mustHold(JSON.stringify(others) === JSON.stringify(kept), 'the same fields');
}

function readSent(text: string): StrictHead {
  try {
    return readStrictRequestHead(text);
  } catch (thrown) {
    if (!(thrown instanceof StrictRefusal)) throw thrown;
    throw new Violation(`a strict reader refuses what we send: ${thrown.message}`);
  }
}

function isHost([name]: Field): boolean {
  return name.toLowerCase() === 'host';
}

function hostOf(head: RequestHead): string | null {
  if (head.targetForm === TARGET_ABSOLUTE || head.isConnect || head.hostIndex < 0) return head.authority();
  return head.value(head.hostIndex);
}

function keptFields(head: RequestHead): Field[] {
  const kept: Field[] = [];
  for (let i = 0; i < head.count; i++) {
    if ((head.flags[i]! & FLAG_HOP_BY_HOP) !== 0) continue;
    if (!isHost([head.name(i), ''])) kept.push([head.name(i), head.value(i)]);
  }
  return kept;
}
