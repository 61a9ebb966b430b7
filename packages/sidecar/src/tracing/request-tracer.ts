/**
 * Decides which requests are traced, by their caller's word or by chance, and costs the others next to nothing:
 * benchmarks/micro/tracing.ts. What is sampled is SpanSource's.
 */
import { FieldSection, type RequestHead } from '@tulle/http';
import type { Random } from '@tulle/runtime';
import { countUpHex } from '../proxy/count-up-hex.ts';
import type { Exchange } from '../proxy/exchange.ts';
import type { FieldWriter } from '../proxy/field-writer.ts';
import type { RequestSpan, TraceFields } from './request-span.ts';
import { TRACE_DEFERRED, TRACE_SAMPLED, TRACE_UNSAMPLED, traceDecisionOf } from './trace-context.ts';

/** Makes spans: the part that needs the libraries. */
export interface SpanSource {
  /** The fields of `head` that say which trace it belongs to are dropped: the span's take their place. */
  start(direction: 'inbound' | 'outbound', head: RequestHead): RequestSpan;
  /** Of a request whose caller left the decision to us: the fields that say that it is not sampled. */
  unsampled(head: RequestHead): TraceFields;
}

export class RequestTracer {
  readonly #direction: 'inbound' | 'outbound';
  readonly #share: number;
  readonly #random: Random;
  readonly #newTraces: UnsampledTraces;
  /** Null: tracing is off. */
  source: SpanSource | null = null;

  constructor(direction: 'inbound' | 'outbound', share: number, random: Random) {
    this.#direction = direction;
    this.#share = share;
    this.#random = random;
    this.#newTraces = new UnsampledTraces(random);
  }

  begin(exchange: Exchange, head: RequestHead): void {
    const { source } = this;
    if (source === null) return;
    const decision = traceDecisionOf(head);
    if (decision === TRACE_UNSAMPLED) return;
    if (decision === TRACE_SAMPLED || this.#random() < this.#share) {
      const span = source.start(this.#direction, head);
      exchange.span = span;
      exchange.traceFields = span;
      exchange.text.capture(head);
      exchange.text.setTrace(span.traceId);
    } else {
      exchange.traceFields = decision === TRACE_DEFERRED ? source.unsampled(head) : this.#newTraces;
    }
  }
}

const LINE = 'traceparent: 00-';
const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const COUNTED_DIGITS = 12;

/** New traces that nobody records: all that follows must know that, so that none of it is sampled by chance. */
class UnsampledTraces implements TraceFields {
  readonly #section = new FieldSection();
  readonly #bytes: Buffer;

  constructor(random: Random) {
    const id = hexDigits(random, TRACE_DIGITS);
    this.#bytes = Buffer.from(`${LINE}${id}-${hexDigits(random, SPAN_DIGITS)}-00\r\n`);
    const section = this.#section;
    section.clear(this.#bytes, 0);
    section.nameStart[0] = 0;
    section.nameEnd[0] = LINE.indexOf(':');
    section.valueStart[0] = LINE.indexOf(':') + 2;
    section.valueEnd[0] = this.#bytes.length - 2;
    section.count = 1;
    section.linesEnd = this.#bytes.length;
    section.end = this.#bytes.length;
  }

  writeTo(writer: FieldWriter): void {
    countUpHex(this.#bytes, LINE.length + TRACE_DIGITS, COUNTED_DIGITS);
    writer.lines(this.#section);
  }
}

/** Never all zero: the first is not. */
function hexDigits(random: Random, count: number): string {
  const digits = Array.from({ length: count - 1 }, () => Math.floor(random() * 16).toString(16));
  return `a${digits.join('')}`;
}
