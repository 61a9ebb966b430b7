/**
 * What a request says of the trace that it belongs to: traceparent (W3C Trace Context), b3 or X-B3-* (B3
 * Propagation). Only what decides about sampling is read here, from the bytes; the libraries read the rest of
 * what is sampled.
 */
import type { RequestHead } from '@tulle/http';

/** It belongs to no trace. */
export const TRACE_NONE = 0;
/** Its caller has decided not to sample it. */
export const TRACE_UNSAMPLED = 1;
export const TRACE_SAMPLED = 2;
/** It belongs to a trace, and the decision is left to us (B3 only). */
export const TRACE_DEFERRED = 3;
export type TraceDecision = 0 | 1 | 2 | 3;

const TRACEPARENT = 'traceparent';
const B3 = 'b3';
const B3_SAMPLED = 'x-b3-sampled';
const B3_FLAGS = 'x-b3-flags';
const B3_TRACE_ID = 'x-b3-traceid';
const B3_SPAN_ID = 'x-b3-spanid';
const B3_PARENT = 'x-b3-parentspanid';
const b3MultiNames = [B3_TRACE_ID, B3_SPAN_ID, B3_PARENT, B3_SAMPLED, B3_FLAGS] as const;

/** `00-<32 digits>-<16 digits>-<2 digits>`. */
const TRACEPARENT_BYTES = 55;
const FLAGS_AT = 53;
const HYPHEN = 45;
const ZERO = 48;
const ONE = 49;
const LOWER_D = 100;
const LOWER_F = 102;
const LOWER_B = 98;
const LOWER_T = 116;
const LOWER_X = 120;

export interface TraceForms {
  readonly traceparent: boolean;
  readonly b3: boolean;
  readonly b3Multi: boolean;
}

/** The caller's decision; a traceparent goes before b3, b3 before X-B3-*. */
export function traceDecisionOf(head: RequestHead): TraceDecision {
  if (!mayHaveContext(head)) return TRACE_NONE;
  const parent = head.find(TRACEPARENT);
  if (parent >= 0) {
    const decision = decisionOfTraceparent(head, parent);
    if (decision !== TRACE_NONE) return decision;
  }
  const b3 = head.find(B3);
  return b3 >= 0 ? decisionOfB3(head, b3) : decisionOfB3Multi(head);
}

/** In which forms a context came, valid or not. */
export function traceFormsOf(head: RequestHead): TraceForms {
  return {
    traceparent: head.find(TRACEPARENT) >= 0,
    b3: head.find(B3) >= 0,
    b3Multi: b3MultiNames.some((name) => head.find(name) >= 0),
  };
}

/** Another context takes its place; tracestate and baggage belong to the trace and stay. */
export function dropTraceContext(head: RequestHead): void {
  for (const name of [TRACEPARENT, B3, ...b3MultiNames]) {
    for (let i = head.find(name); i >= 0; i = head.findFrom(name, i + 1)) head.drop(i);
  }
}

/** One look at first letters: most requests carry no context, and are asked no further. */
function mayHaveContext(head: RequestHead): boolean {
  const { buffer, nameStart, nameEnd, count } = head;
  for (let i = 0; i < count; i++) {
    const at = nameStart[i]!;
    const length = nameEnd[i]! - at;
    const first = buffer[at]! | 32;
    if (first === LOWER_T && length === TRACEPARENT.length) return true;
    if (first === LOWER_B && length === B3.length) return true;
    if (first === LOWER_X && (buffer[at + 2]! | 32) === LOWER_B && buffer[at + 4] === HYPHEN) return true;
  }
  return false;
}

function decisionOfTraceparent(head: RequestHead, index: number): TraceDecision {
  const { buffer } = head;
  const at = head.valueStart[index]!;
  const length = head.valueEnd[index]! - at;
  const isWellFormed =
    length >= TRACEPARENT_BYTES &&
    (length === TRACEPARENT_BYTES || buffer[at + TRACEPARENT_BYTES] === HYPHEN) &&
    buffer[at + 2] === HYPHEN &&
    buffer[at + 35] === HYPHEN &&
    buffer[at + 52] === HYPHEN &&
    !(buffer[at] === LOWER_F && buffer[at + 1] === LOWER_F);
  const flags = hexDigit(buffer[at + FLAGS_AT + 1]!);
  if (!isWellFormed || flags < 0 || hexDigit(buffer[at + FLAGS_AT]!) < 0) return TRACE_NONE;
  // Its ids are nobody's business where nothing is made of them (benchmarks/micro/tracing.ts).
  if ((flags & 1) === 0) return TRACE_UNSAMPLED;
  return isHexId(buffer, at + 3, 32) && isHexId(buffer, at + 36, 16) ? TRACE_SAMPLED : TRACE_NONE;
}

/** `0`, `1`, `d`, or `<trace>-<span>[-<decision>[-<parent>]]`. */
function decisionOfB3(head: RequestHead, index: number): TraceDecision {
  const parts = head.value(index).split('-');
  if (parts.length === 1) return decisionOfLetter(parts[0]!, TRACE_NONE);
  if (!/^([0-9a-f]{16}|[0-9a-f]{32})$/.test(parts[0]!) || !/^[0-9a-f]{16}$/.test(parts[1]!))
    return TRACE_NONE;
  return parts.length === 2 ? TRACE_DEFERRED : decisionOfLetter(parts[2]!, TRACE_DEFERRED);
}

function decisionOfB3Multi(head: RequestHead): TraceDecision {
  if (head.get(B3_FLAGS) === '1') return TRACE_SAMPLED;
  const hasIds = head.find(B3_TRACE_ID) >= 0 && head.find(B3_SPAN_ID) >= 0;
  const sampled = head.find(B3_SAMPLED);
  const otherwise = hasIds ? TRACE_DEFERRED : TRACE_NONE;
  return sampled < 0 ? otherwise : decisionOfLetter(head.value(sampled), otherwise);
}

function decisionOfLetter(text: string, otherwise: TraceDecision): TraceDecision {
  const letter = text.charCodeAt(0);
  if (letter === ZERO || text === 'false') return TRACE_UNSAMPLED;
  return letter === ONE || letter === LOWER_D || text === 'true' ? TRACE_SAMPLED : otherwise;
}

function isHexId(buffer: Buffer, start: number, length: number): boolean {
  let isZero = true;
  for (let i = start; i < start + length; i++) {
    const digit = hexDigit(buffer[i]!);
    if (digit < 0) return false;
    if (digit > 0) isZero = false;
  }
  return !isZero;
}

/** Upper case is not allowed (W3C Trace Context section 3.2.2). */
function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  return byte >= 97 && byte <= LOWER_F ? byte - 87 : -1;
}
