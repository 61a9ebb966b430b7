import { access } from './access.ts';
import type { ManifestFamily } from './manifest.ts';
import { rule, watch } from './rules.ts';

/** What the control plane may do, and no more: docs/kubernetes.md says why of each. */
export const controlPlaneAccess: ManifestFamily = {
  name: 'control-plane-access',
  objects: access('tulle-control-plane', {
    cluster: [
      rule('', 'namespaces nodes pods services', watch),
      rule('discovery.k8s.io', 'endpointslices', watch),
      rule('networking.k8s.io', 'networkpolicies', watch),
      rule('gateway.networking.k8s.io', 'httproutes', watch),
      rule('gateway.networking.k8s.io', 'httproutes/status', 'update'),
      rule('tulle.dev', 'meshconfigs peerauthentications', watch),
      rule('tulle.dev', 'meshconfigs/status peerauthentications/status', 'patch'),
      rule('authentication.k8s.io', 'tokenreviews', 'create'),
      rule('events.k8s.io', 'events', 'create patch'),
    ],
    namespace: [
      // Which name is made cannot be said; what is there can be touched by its name alone.
      rule('', 'configmaps secrets', 'create'),
      rule('', 'secrets', `${watch} update`, ['tulle-authority']),
      rule('', 'configmaps', 'get update', ['tulle-trust']),
      rule('coordination.k8s.io', 'leases', 'create'),
      rule('coordination.k8s.io', 'leases', 'get update', ['tulle-control-plane']),
    ],
  }),
};
