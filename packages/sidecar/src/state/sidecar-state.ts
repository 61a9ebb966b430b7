/**
 * What of a sidecar outlives its process: the last good configuration and the certificate, so that a restart
 * while the control plane is away comes back to service. Without TULLE_STATE_DIR nothing is kept.
 */
import { formatName } from '@tulle/model';
import type { Clock, Component, Logger, MetricsRegistry } from '@tulle/runtime';
import { stateMetrics } from '../control-metrics.ts';
import type { DiscoveryClient } from '../discovery/discovery-client.ts';
import type { CertificateStore } from '../identity/certificate-store.ts';
import type { SidecarSettings } from '../settings.ts';
import { CertificateState } from './certificate-state.ts';
import { ConfigurationState } from './configuration-state.ts';
import { StateDirectory } from './state-directory.ts';
import { StateFile } from './state-file.ts';

export interface SidecarState {
  readonly directory: Component;
  readonly certificates: CertificateStore;
  configurationOf(discovery: DiscoveryClient): ConfigurationState;
}

export interface SidecarStateOptions {
  readonly settings: Pick<SidecarSettings, 'stateDirectory' | 'workerIndex' | 'workload' | 'trustDomain'>;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
}

/** Far above what a workload uses; a file beyond it is not read. */
const maxConfigurationBytes = 64 * 1024 * 1024;
const maxCertificateBytes = 1024 * 1024;

/** Null: nothing is kept. */
export function createState({ settings, clock, metrics, logger }: SidecarStateOptions): SidecarState | null {
  const { stateDirectory, workerIndex, workload, trustDomain } = settings;
  if (stateDirectory === null) return null;
  const directory = new StateDirectory(stateDirectory, workerIndex);
  const owner = { workload: formatName(workload), trustDomain };
  const shared = { owner, directory, clock, metrics: stateMetrics(metrics), logger };
  const certificates = new StateFile({ ...shared, kind: 'certificate', maxBytes: maxCertificateBytes });
  const configuration = new StateFile({ ...shared, kind: 'configuration', maxBytes: maxConfigurationBytes });
  return {
    directory,
    certificates: new CertificateState(certificates),
    configurationOf: (discovery) => new ConfigurationState({ file: configuration, discovery, clock, logger }),
  };
}
