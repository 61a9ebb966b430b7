import type { ServerConnectionOptions } from '@tulle/http';
import type { Clock } from '@tulle/runtime';
import type { RequestMetrics } from '../metrics.ts';
import type { RequestTracer } from '../tracing/request-tracer.ts';
import type { OverloadGuard } from './overload/overload-guard.ts';
import type { OwnFields } from './own-fields.ts';
import type { RequestCopies } from './request-copy.ts';
import type { RequestStack } from './request-stack.ts';
import type { Retries } from './retries.ts';
import type { ProxySettings } from './settings.ts';
import type { Sweep } from './sweep.ts';

/** What the drain needs of a connection. */
export interface OpenConnection {
  /** Inbound and without mutual TLS: the application's port. Else null. */
  readonly plainPort: number | null;
  /** An idle one goes at once, a busy one after its exchanges. */
  drain(): void;
  /** It is not legal any more: its requests under way may end, within a short time. */
  endForPolicy(): void;
  /** What the drain did not finish in time. */
  cutAtDeadline(): void;
}

/** What all connections of one listener share. */
export interface DownstreamContext {
  readonly settings: ProxySettings;
  readonly stack: RequestStack;
  readonly clock: Clock;
  readonly sweep: Sweep;
  readonly metrics: RequestMetrics;
  readonly tracer: RequestTracer;
  readonly overload: OverloadGuard;
  /**
   * Whoever is behind this side may be ending too, and may close pooled connections at this very moment: what cannot
   * be sent twice takes a new one, which is refused where nobody listens any more.
   */
  readonly mayUpstreamEnd: () => boolean;
  readonly ownFields: OwnFields;
  readonly copies: RequestCopies;
  readonly retries: Retries;
  readonly connections: Set<OpenConnection>;
  /** Keep method, path and authority for the access log. */
  readonly capturesText: boolean;
  readonly serverOptions: ServerConnectionOptions;
}
