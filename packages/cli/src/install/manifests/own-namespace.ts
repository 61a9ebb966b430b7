import { partOf } from './names.ts';

/** The mesh's own namespace. Its pods keep to the strictest of Kubernetes' standards for pods. */
export function ownNamespace(name: string) {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: {
        ...partOf,
        'app.kubernetes.io/managed-by': 'tulle',
        'pod-security.kubernetes.io/enforce': 'restricted',
      },
    },
  };
}
