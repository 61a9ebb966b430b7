import { defaultH1Limits, FLAG_HOP_BY_HOP, parseRequestHead, RequestHead } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import {
  dropTraceContext,
  TRACE_DEFERRED,
  TRACE_NONE,
  TRACE_SAMPLED,
  TRACE_UNSAMPLED,
  traceDecisionOf,
  traceFormsOf,
} from './trace-context.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';

function headOf(...lines: string[]): RequestHead {
  const head = new RequestHead();
  const text = ['GET / HTTP/1.1', 'Host: a', 'X-Bar: 1', 'tp: 2', 'Baggage: a=b', ...lines, '', ''];
  const bytes = Buffer.from(text.join('\r\n'));
  expect(parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits)).toBe(bytes.length);
  return head;
}

describe('traceDecisionOf', () => {
  it.each([
    ['no context', [], TRACE_NONE],
    ['sampled', [`traceparent: 00-${trace}-${span}-01`], TRACE_SAMPLED],
    ['sampled, in capitals', [`TraceParent: 00-${trace}-${span}-01`], TRACE_SAMPLED],
    ['not sampled', [`traceparent: 00-${trace}-${span}-00`], TRACE_UNSAMPLED],
    ['other flags', [`traceparent: 00-${trace}-${span}-fe`], TRACE_UNSAMPLED],
    ['a later version, with more', [`traceparent: 01-${trace}-${span}-03-what`], TRACE_SAMPLED],
    ['no version', [`traceparent: ff-${trace}-${span}-01`], TRACE_NONE],
    ['too short', [`traceparent: 00-${trace}-${span}-0`], TRACE_NONE],
    ['too long', [`traceparent: 00-${trace}-${span}-01x`], TRACE_NONE],
    ['no trace', [`traceparent: 00-${'0'.repeat(32)}-${span}-01`], TRACE_NONE],
    ['no span', [`traceparent: 00-${trace}-${'0'.repeat(16)}-01`], TRACE_NONE],
    ['capitals', [`traceparent: 00-${trace.toUpperCase()}-${span}-01`], TRACE_NONE],
    ['no digits', [`traceparent: 00-${trace}-${span}-0x`], TRACE_NONE],
    ['b3, sampled', [`b3: ${trace}-${span}-1`], TRACE_SAMPLED],
    ['b3, short trace', [`b3: ${span}-${span}-1-${span}`], TRACE_SAMPLED],
    ['b3, debug', [`B3: ${trace}-${span}-d`], TRACE_SAMPLED],
    ['b3, not sampled', [`b3: ${trace}-${span}-0`], TRACE_UNSAMPLED],
    ['b3, undecided', [`b3: ${trace}-${span}`], TRACE_DEFERRED],
    ['b3, a decision alone', ['b3: 0'], TRACE_UNSAMPLED],
    ['b3, nonsense', ['b3: hello-world'], TRACE_NONE],
    ['X-B3, sampled', [`X-B3-TraceId: ${trace}`, `X-B3-SpanId: ${span}`, 'X-B3-Sampled: 1'], TRACE_SAMPLED],
    ['X-B3, true', ['X-B3-Sampled: true'], TRACE_SAMPLED],
    ['X-B3, debug', ['X-B3-Flags: 1'], TRACE_SAMPLED],
    ['X-B3, not sampled', ['x-b3-sampled: 0'], TRACE_UNSAMPLED],
    ['X-B3, undecided', [`X-B3-TraceId: ${trace}`, `X-B3-SpanId: ${span}`], TRACE_DEFERRED],
    ['traceparent before b3', ['b3: 0', `traceparent: 00-${trace}-${span}-01`], TRACE_SAMPLED],
    ['b3 after a bad traceparent', ['b3: 0', 'traceparent: 00'], TRACE_UNSAMPLED],
  ])('reads %s', (_, lines, decision) => {
    expect(traceDecisionOf(headOf(...lines))).toBe(decision);
  });
});

describe('dropTraceContext', () => {
  it('drops every form of it, and nothing else of the trace', () => {
    const head = headOf('b3: 0', 'b3: 1', `X-B3-TraceId: ${trace}`, 'traceparent: x', 'tracestate: a=b');
    expect(traceFormsOf(head)).toEqual({ traceparent: true, b3: true, b3Multi: true });
    dropTraceContext(head);
    const kept = Array.from({ length: head.count }, (_, i) => i).filter(
      (i) => (head.flags[i]! & FLAG_HOP_BY_HOP) === 0,
    );
    expect(kept.map((i) => head.name(i))).toEqual(['Host', 'X-Bar', 'tp', 'Baggage', 'tracestate']);
  });
});
