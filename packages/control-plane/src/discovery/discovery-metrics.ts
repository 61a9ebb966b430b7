import type { ResourceKind } from '@tulle/model';
import type { Counter, Gauge, Histogram, MetricsRegistry, SeriesFamily } from '@tulle/runtime';

/** What the discovery server counts; `type` is the resource kind, or `unknown`. */
export interface DiscoveryMetrics {
  readonly proxies: Gauge;
  readonly requests: SeriesFamily<Counter>;
  readonly responses: SeriesFamily<Counter>;
  readonly responseBytes: SeriesFamily<Counter>;
  readonly resourcesSent: SeriesFamily<Counter>;
  readonly removalsSent: SeriesFamily<Counter>;
  readonly acks: SeriesFamily<Counter>;
  readonly nacks: SeriesFamily<Counter>;
  readonly staleNonces: SeriesFamily<Counter>;
  readonly unencodable: SeriesFamily<Counter>;
  readonly streamsClosed: SeriesFamily<Counter>;
  readonly ackSeconds: Histogram;
  readonly pushDelaySeconds: Histogram;
}

const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createDiscoveryMetrics(registry: MetricsRegistry): DiscoveryMetrics {
  const byType = (name: string, help: string) => registry.counter(`tulle_discovery_${name}`, help, ['type']);
  const seconds = (name: string, help: string) =>
    registry.histogram(`tulle_discovery_${name}`, help, secondsBounds).with();
  return {
    proxies: registry.gauge('tulle_discovery_proxies', 'Discovery streams that are open.').with(),
    requests: byType('requests_total', 'Requests received.'),
    responses: byType('responses_total', 'Responses sent.'),
    responseBytes: byType('response_bytes_total', 'Bytes of the responses sent.'),
    resourcesSent: byType('resources_sent_total', 'Resources in the responses sent.'),
    removalsSent: byType('removals_sent_total', 'Removed or missing names in the responses sent.'),
    acks: byType('acks_total', 'Responses that proxies took.'),
    nacks: byType('nacks_total', 'Responses that proxies rejected.'),
    staleNonces: byType('stale_nonces_total', 'Requests that answered another response than the last.'),
    unencodable: byType('unencodable_total', 'Resources that could not be put on the wire.'),
    streamsClosed: registry.counter('tulle_discovery_streams_closed_total', 'Streams that ended.', [
      'reason',
    ]),
    ackSeconds: seconds('ack_seconds', 'From a response to its ACK or NACK.'),
    pushDelaySeconds: seconds('push_delay_seconds', 'From a change of the snapshot to its first response.'),
  };
}

export function typeLabel(kind: ResourceKind | null): string {
  return kind ?? 'unknown';
}
