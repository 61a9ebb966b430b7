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
        `${watch} patch`,
        ['tulle-injector'],
      ),
    ],
    namespace: [
      rule('', 'secrets', 'create'),
      rule('', 'secrets', `${watch} update`, ['tulle-injector-certificate']),
      rule('', 'configmaps', watch, ['tulle-injector', 'tulle-trust']),
    ],
  }),
};
