import { access } from './access.ts';
import type { ManifestFamily } from './manifest.ts';
import { rule, watch } from './rules.ts';

/** What the injector may do, and no more. */
export const injectorAccess: ManifestFamily = {
  name: 'injector-access',
  objects: access('tulle-injector', {
    cluster: [
      rule('', 'namespaces', watch),
      rule('tulle.dev', 'meshconfigs', watch),
      rule('events.k8s.io', 'events', 'create patch'),
      rule(
        'admissionregistration.k8s.io',
        'mutatingwebhookconfigurations validatingwebhookconfigurations',
        'get list watch patch update',
        ['tulle-injector'],
      ),
    ],
    namespace: [
      rule('', 'secrets', 'create'),
      rule('', 'secrets', 'get list watch patch update', ['tulle-injector-certificate']),
      rule('', 'configmaps', 'get list watch', ['tulle-injector', 'tulle-trust']),
      rule('coordination.k8s.io', 'leases', 'create'),
      rule('coordination.k8s.io', 'leases', 'get patch update', ['tulle-injector']),
    ],
  }),
};
