/** Spans by opentelemetry-js. Imported only where tracing is on: it takes some 10 MB and 100 ms. */
import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { RequestHead } from '@tulle/http';
import type { FieldWriter } from '../proxy/field-writer.ts';
import type { RequestSpan, TracedExchange, TraceFields } from './request-span.ts';
import type { SpanSource } from './request-tracer.ts';
import { describeEnd, describeStart, type TracedWorkload } from './span-attributes.ts';
import { dropTraceContext, type TraceForms, traceFormsOf } from './trace-context.ts';

export interface OtelSpanSourceOptions {
  readonly processor: SpanProcessor;
  /** This workload, as it is known when the first span is made. */
  readonly workload: () => TracedWorkload;
}

const w3c = new W3CTraceContextPropagator();
const b3Single = new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER });
const b3Multi = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });

type Field = readonly [name: string, value: string];

const getter = {
  get: (head: RequestHead, name: string) => head.get(name.toLowerCase()) ?? undefined,
  keys: () => [],
};
/** tracestate is not touched: it goes on as it came. */
const setter = {
  set(fields: Field[], name: string, value: string): void {
    if (name.toLowerCase() !== 'tracestate') fields.push([name, value]);
  },
};

export class OtelSpanSource implements SpanSource {
  readonly #options: OtelSpanSourceOptions;
  #tracer: Tracer | null = null;

  constructor(options: OtelSpanSourceOptions) {
    this.#options = options;
  }

  start(direction: 'inbound' | 'outbound', head: RequestHead): RequestSpan {
    this.#tracer ??= this.#createTracer();
    const parent = contextOf(head);
    const kind = direction === 'inbound' ? SpanKind.SERVER : SpanKind.CLIENT;
    const span = this.#tracer.startSpan(describeStart(head), { kind }, parent);
    const forms = traceFormsOf(head);
    dropTraceContext(head);
    return new OtelSpan(direction, span, fieldsOf(trace.setSpan(parent, span), forms));
  }

  unsampled(head: RequestHead): TraceFields {
    const parent = contextOf(head);
    const forms = traceFormsOf(head);
    const spanContext = trace.getSpanContext(parent);
    if (spanContext === undefined) return new TextFields([]);
    dropTraceContext(head);
    const decided = trace.setSpanContext(parent, { ...spanContext, traceFlags: TraceFlags.NONE });
    return new TextFields(fieldsOf(decided, forms));
  }

  #createTracer(): Tracer {
    const { processor, workload } = this.#options;
    const { name, namespace, pod } = workload();
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': name,
        'service.namespace': namespace,
        'k8s.namespace.name': namespace,
        'k8s.pod.name': pod,
      }),
      // Whoever asks for a span has decided to sample.
      sampler: new AlwaysOnSampler(),
      spanProcessors: [processor],
    });
    return provider.getTracer('tulle');
  }
}

/** Fields as text: of what is sampled, which pays for a span already. */
class TextFields implements TraceFields {
  readonly #fields: readonly Field[];

  constructor(fields: readonly Field[]) {
    this.#fields = fields;
  }

  writeTo(writer: FieldWriter): void {
    for (const [name, value] of this.#fields) {
      writer.name(name);
      writer.text(value);
      writer.endLine();
    }
  }
}

class OtelSpan extends TextFields implements RequestSpan {
  readonly traceId: string;
  readonly #direction: 'inbound' | 'outbound';
  readonly #span: Span;

  constructor(direction: 'inbound' | 'outbound', span: Span, fields: readonly Field[]) {
    super(fields);
    this.traceId = span.spanContext().traceId;
    this.#direction = direction;
    this.#span = span;
  }

  end(exchange: TracedExchange, peerIdentity: string | null): void {
    const { attributes, status } = describeEnd(this.#direction, exchange, peerIdentity);
    this.#span.setAttributes(attributes);
    if (status !== null) this.#span.setStatus(status);
    this.#span.end();
  }
}

function contextOf(head: RequestHead): Context {
  const context = w3c.extract(ROOT_CONTEXT, head, getter);
  const spanContext = trace.getSpanContext(context);
  if (spanContext !== undefined && isSpanContextValid(spanContext)) return context;
  return b3Single.extract(ROOT_CONTEXT, head, getter);
}

/** In the forms that the context came in, and as W3C where none came: whoever follows understands those. */
function fieldsOf(context: Context, { traceparent, b3, b3Multi: multi }: TraceForms): readonly Field[] {
  const fields: Field[] = [];
  if (traceparent || (!b3 && !multi)) w3c.inject(context, fields, setter);
  if (b3) b3Single.inject(context, fields, setter);
  if (multi) b3Multi.inject(context, fields, setter);
  return fields;
}
