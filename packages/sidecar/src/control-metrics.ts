import type { Counter, Gauge, MetricsRegistry, SeriesFamily } from '@tulle/runtime';
import type { ConfigurationAge } from './discovery/configuration-age.ts';

/** The metrics of the sidecar's control side. Those of requests are in metrics.ts. */
export interface DiscoveryMetrics {
  readonly connected: Gauge;
  readonly responses: Counter;
  readonly nacks: Counter;
  readonly reconnects: Counter;
  readonly lastUpdate: Gauge;
}

/** By file, and what became of it. */
export interface StateMetrics {
  readonly loads: SeriesFamily<Counter>;
  readonly writes: SeriesFamily<Counter>;
}

export interface TracingMetrics {
  readonly exported: Counter;
  readonly dropped: Counter;
  readonly failures: Counter;
}

export interface IdentityMetrics {
  readonly expiry: Gauge;
  readonly renewals: Counter;
  readonly failures: Counter;
}

export interface OutboundStoreMetrics {
  readonly hosts: Gauge;
  readonly evictions: Counter;
  readonly refusals: Counter;
  readonly timeouts: Counter;
}

export function discoveryMetrics(registry: MetricsRegistry): DiscoveryMetrics {
  const counter = (name: string, help: string) => registry.counter(`tulle_discovery_${name}`, help).with();
  const gauge = (name: string, help: string) => registry.gauge(`tulle_discovery_${name}`, help).with();
  return {
    connected: gauge('connected', '1 while a discovery stream is open.'),
    responses: counter('responses_total', 'Discovery responses received.'),
    nacks: counter('nacks_total', 'Discovery responses of which at least one resource was rejected.'),
    reconnects: counter('reconnects_total', 'Discovery streams that ended and are opened anew.'),
    lastUpdate: gauge('last_update_timestamp_seconds', 'When the last discovery response arrived.'),
  };
}

/** Where the configuration comes from, and how old it may be. */
export function watchConfigurationAge(registry: MetricsRegistry, age: ConfigurationAge): void {
  const source = registry.gauge('tulle_config_source', '1 for what told the configuration in force.', [
    'source',
  ]);
  const seconds = registry
    .gauge('tulle_config_age_seconds', 'For how long the configuration may have been out of date; 0 in step.')
    .with();
  registry.onCollect(() => {
    for (const known of ['none', 'disk', 'control-plane'] as const)
      source.with(known).set(age.source === known ? 1 : 0);
    seconds.set(age.seconds);
  });
}

export function stateMetrics(registry: MetricsRegistry): StateMetrics {
  const counter = (name: string, help: string) =>
    registry.counter(`tulle_state_${name}`, help, ['file', 'result']);
  return {
    loads: counter('loads_total', 'State files read at start: loaded, none, or ignored because unusable.'),
    writes: counter('writes_total', 'State files written, or failed to be.'),
  };
}

export function tracingMetrics(registry: MetricsRegistry): TracingMetrics {
  const counter = (name: string, help: string) => registry.counter(`tulle_trace_spans_${name}`, help).with();
  return {
    exported: counter('exported_total', 'Spans that the collector has taken.'),
    dropped: counter('dropped_total', 'Spans dropped because the collector takes too few.'),
    failures: counter('export_failures_total', 'Spans that could not be exported.'),
  };
}

export function identityMetrics(registry: MetricsRegistry): IdentityMetrics {
  const counter = (name: string, help: string) => registry.counter(`tulle_certificate_${name}`, help).with();
  return {
    expiry: registry
      .gauge('tulle_certificate_expiry_timestamp_seconds', "End of the workload certificate's validity.")
      .with(),
    renewals: counter('renewals_total', 'Workload certificates received.'),
    failures: counter('failures_total', 'Requests for a workload certificate that failed.'),
  };
}

export function outboundStoreMetrics(registry: MetricsRegistry): OutboundStoreMetrics {
  const counter = (name: string, help: string) => registry.counter(`tulle_outbound_${name}`, help).with();
  return {
    hosts: registry.gauge('tulle_outbound_hosts', 'Destination hosts subscribed to on demand.').with(),
    evictions: counter('host_evictions_total', 'Hosts unsubscribed to make room for others.'),
    refusals: counter('host_refusals_total', 'Lookups refused because every host held is in use.'),
    timeouts: counter('lookup_timeouts_total', 'Lookups that discovery did not answer in time.'),
  };
}
