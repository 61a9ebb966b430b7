/** Where a pod's sidecar listens besides its inbound port, which can be moved (docs/capture.md). */
export const sidecarPorts = { outbound: 15_001, admin: 15_000, metrics: 15_020 } as const;

/** What holds where a manifest says nothing. */
export const defaults = {
  namespace: 'default',
  serviceAccount: 'default',
  /** The sidecar's inbound listener. */
  inboundPort: 15_006,
  /** Where policies for the whole mesh stand. */
  meshNamespace: 'tulle-system',
  meshConfigName: 'default',
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
} as const;
