import type { Counter, Gauge, MetricsRegistry } from '@tulle/runtime';

/** The metrics of the sidecar's control side. Those of requests are in metrics.ts. */
export interface DiscoveryMetrics {
  readonly connected: Gauge;
  readonly responses: Counter;
  readonly nacks: Counter;
  readonly reconnects: Counter;
  readonly lastUpdate: Gauge;
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
