import type { Clock, Component, Logger, Random } from '@tulle/runtime';
import type { TracingMetrics } from '../control-metrics.ts';
import { RequestTracer } from './request-tracer.ts';
import type { TracedWorkload } from './span-attributes.ts';

export interface TracingSettings {
  /** OTLP over HTTP: `http://<host>:4318`, or with a path of its own. Null: tracing is off. */
  readonly endpoint: string | null;
  /** Of the requests that belong to no trace, 0 to 1. */
  readonly share: number;
}

export interface TracingOptions {
  readonly settings: TracingSettings;
  readonly workload: () => TracedWorkload;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: TracingMetrics;
  readonly logger: Logger;
  readonly limits?: Partial<TracingLimits>;
}

export interface TracingLimits {
  readonly maxWaiting: number;
  readonly maxBatch: number;
  readonly batchMs: number;
  /** Of one export. After: its spans are given up and counted as failed. */
  readonly exportTimeoutMs: number;
}

const defaultTracingLimits: TracingLimits = {
  maxWaiting: 2_048,
  maxBatch: 512,
  batchMs: 1_000,
  exportTimeoutMs: 5_000,
};

const TRACES_PATH = '/v1/traces';

/** Tracing, on or off. While it is off none of its libraries is loaded, and no request is looked at. */
export class Tracing implements Component {
  readonly name = 'tracing';
  readonly outbound: RequestTracer;
  readonly inbound: RequestTracer;
  readonly #options: TracingOptions;
  #shutdown: (() => Promise<void>) | null = null;

  constructor(options: TracingOptions) {
    this.#options = options;
    const { share } = options.settings;
    this.outbound = new RequestTracer('outbound', share, options.random);
    this.inbound = new RequestTracer('inbound', share, options.random);
  }

  async start(): Promise<void> {
    const { settings, workload, clock, metrics, logger, limits } = this.#options;
    if (settings.endpoint === null) return;
    const { exportTimeoutMs, ...bounds } = { ...defaultTracingLimits, ...limits };
    const [{ OTLPTraceExporter }, { OtelSpanSource }, { BoundedSpans }] = await Promise.all([
      import('./otlp-exporter.ts'),
      import('./otel-span-source.ts'),
      import('./bounded-spans.ts'),
    ]);
    const url = tracesUrl(settings.endpoint);
    const exporter = new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs, concurrencyLimit: 1 });
    const processor = new BoundedSpans({ exporter, clock, metrics, ...bounds });
    const source = new OtelSpanSource({ processor, workload });
    this.outbound.source = source;
    this.inbound.source = source;
    this.#shutdown = () => processor.shutdown();
    logger.info('tracing is on', { url, share: settings.share });
  }

  /** Gives the collector what it takes until the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const shutdown = this.#shutdown;
    if (shutdown === null) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(deadlineMs, resolve);
      shutdown().then(
        () => {
          cancel();
          resolve();
        },
        () => resolve(),
      );
    });
  }
}

/** As OpenTelemetry has it: a base gets the path of its signal. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = TRACES_PATH;
  return url.href;
}
