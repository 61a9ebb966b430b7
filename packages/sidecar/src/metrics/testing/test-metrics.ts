import { MetricsRegistry } from '@tulle/runtime';
import { RequestMetrics } from '../../metrics.ts';

/** Metrics without a proxy, whose connections they would count. */
export function testMetrics(registry = new MetricsRegistry()): RequestMetrics {
  const none = () => 0;
  return new RequestMetrics(registry, {
    inbound: none,
    outbound: none,
    upstream: none,
    bulk: none,
    pending: none,
    avoided: none,
  });
}
