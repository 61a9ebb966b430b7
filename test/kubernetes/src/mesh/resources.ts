/** Resources that tests apply. */

export function service(name: string, namespace: string): object {
  const ports = [{ name: 'http', port: 80, targetPort: 8_080, appProtocol: 'http' }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports, selector: { app: name } },
  };
}

/** What begins with `path` goes to the service of its own name, and nothing else anywhere. */
export function httpRoute(name: string, namespace: string, path: string): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name, port: 80 }],
      rules: [
        { matches: [{ path: { type: 'PathPrefix', value: path } }], backendRefs: [{ name, port: 80 }] },
      ],
    },
  };
}

export function peerAuthentication(
  name: string,
  namespace: string,
  mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE',
): object {
  return {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace },
    spec: { mtls: { mode } },
  };
}

export function meshConfig(unknownDestinations: 'Allow' | 'Refuse'): object {
  return {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: { name: 'default' },
    spec: { outbound: { unknownDestinations } },
  };
}
