/** What the mesh's programs make in its namespace by themselves. */
export const runTimeObjects = [
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'tulle-control-plane' },
  { apiVersion: 'v1', kind: 'Secret', name: 'tulle-injector-certificate' },
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'tulle-trust' },
] as const;

/** What every identity of the mesh hangs on: it is not taken away by the way. */
export const authorityObject = { apiVersion: 'v1', kind: 'Secret', name: 'tulle-authority' } as const;
