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
