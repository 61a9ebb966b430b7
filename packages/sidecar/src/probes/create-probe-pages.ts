import type { AdminPages, Clock, Logger, MetricsRegistry } from '@tulle/runtime';
import type { SidecarSettings } from '../settings.ts';
import { createProbeMetrics } from './probe-metrics.ts';
import { probePages } from './probe-pages.ts';
import { Prober } from './prober.ts';

export interface ProbePagesOptions {
  readonly settings: Pick<SidecarSettings, 'probes' | 'appHost'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

/** What kubelet is led to of a pod whose own ports may be closed to it. */
export function createProbePages({ settings, clock, logger, metrics }: ProbePagesOptions): AdminPages {
  const { probes, appHost: host } = settings;
  return probePages(new Prober({ probes, host, clock, logger, metrics: createProbeMetrics(metrics) }));
}
