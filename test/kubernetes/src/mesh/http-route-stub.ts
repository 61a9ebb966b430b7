/** The kind HTTPRoute with no schema to speak of, for tests that only need it to be there. */
export const httpRouteStub = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: 'httproutes.gateway.networking.k8s.io',
    annotations: {
      'api-approved.kubernetes.io': 'unapproved, a stand-in for tests',
      'gateway.networking.k8s.io/bundle-version': 'v1.7.0',
      'gateway.networking.k8s.io/channel': 'standard',
    },
  },
  spec: {
    group: 'gateway.networking.k8s.io',
    scope: 'Namespaced',
    names: { kind: 'HTTPRoute', listKind: 'HTTPRouteList', plural: 'httproutes', singular: 'httproute' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
} as const;
