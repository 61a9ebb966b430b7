/** Every label and annotation that the mesh reads or writes, in one place. */
export const labels = {
  /** On a Namespace or a Pod: `enabled` or `disabled`. The pod's overrides its namespace's. */
  inject: 'tulle.dev/inject',
  /** On an EndpointSlice: the service that it belongs to (Kubernetes). */
  serviceName: 'kubernetes.io/service-name',
  /** On a Node: where it stands (Kubernetes). */
  zone: 'topology.kubernetes.io/zone',
} as const;

export const annotations = {
  /** On a Pod: where its sidecar takes mesh traffic, in place of `defaults.inboundPort`. */
  inboundPort: 'config.tulle.dev/inbound-port',
  /** On a Pod: `enabled` where all its TCP is redirected to its sidecar, so that peers dial its own ports. */
  capture: 'config.tulle.dev/capture',
  /** Written by the injector: the version of the mesh whose sidecar the pod has. */
  injected: 'tulle.dev/injected',
} as const;

export const apiGroups = {
  discovery: 'discovery.k8s.io',
  gateway: 'gateway.networking.k8s.io',
  networking: 'networking.k8s.io',
  tulle: 'tulle.dev',
} as const;

/** Written by the injector into a pod; its presence shows that the pod really has a sidecar. */
export const sidecarContainerName = 'tulle-sidecar';
/** The init container that makes the rules of capture. */
export const initContainerName = 'tulle-init';
