import { EventRecorder, type KubernetesClient, LeaderElector } from '@tulle/kubernetes';
import type { Component } from '@tulle/runtime';
import type { KubernetesSource } from '../../sources/kubernetes/kubernetes-source.ts';
import { AuthorityEvents } from '../../status/kubernetes/authority-events.ts';
import { fetchText } from '../../status/kubernetes/fetch-text.ts';
import { StatusReporter } from '../../status/kubernetes/status-reporter.ts';
import type { PlatformDependencies, PlatformParts } from '../platform.ts';

export interface StatusReportingOptions {
  readonly client: KubernetesClient;
  readonly source: KubernetesSource;
  readonly replica: string;
  readonly meshNamespace: string;
}

export interface StatusReporting {
  /** In the order in which they start: when they stop, nothing is written any more before the Lease is given back. */
  readonly components: readonly Component[];
  describe(): object;
}

const leaseName = 'tulle-control-plane';

/** Who leads, and what the leader tells operators in the cluster. */
export function createStatusReporting(
  options: StatusReportingOptions,
  { authority, pipeline, discovery, acknowledged }: PlatformParts,
  dependencies: PlatformDependencies,
): StatusReporting {
  const { client, replica, meshNamespace } = options;
  const elector = new LeaderElector({
    client,
    namespace: meshNamespace,
    name: leaseName,
    identity: replica,
    ...dependencies,
  });
  const events = new EventRecorder({
    client,
    reportingController: 'tulle.dev/control-plane',
    reportingInstance: replica,
    ...dependencies,
  });
  const reporter = new StatusReporter({
    ...options,
    ...dependencies,
    elector,
    events,
    pipeline,
    held: discovery.held,
    acknowledged,
    fetchText,
  });
  const { clock } = dependencies;
  const authorityEvents = new AuthorityEvents({ authority, elector, events, meshNamespace, clock });
  return { components: [elector, reporter, authorityEvents], describe: () => reporter.describe() };
}
