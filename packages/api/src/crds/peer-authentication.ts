import { peerAuthenticationRules } from '../kinds/peer-authentication.ts';
import type { CustomResource } from './custom-resource.ts';
import { mtlsSchema } from './mtls-schema.ts';
import { podSelectorSchema } from './pod-selector-schema.ts';
import { mapSchema, objectSchema } from './schema.ts';

export const peerAuthentication: CustomResource = {
  kind: 'PeerAuthentication',
  plural: 'peerauthentications',
  shortNames: ['tpa'],
  isNamespaced: true,
  description:
    "What workloads take: mutual TLS, plain or both. The shape and the meaning are those of Istio's. Without a selector it holds for the whole namespace, and in the mesh's own namespace for the whole mesh.",
  spec: objectSchema(
    'What is asked of those who connect.',
    {
      selector: podSelectorSchema(
        'The pods that it holds for, in its own namespace. Without labels: the whole namespace.',
      ),
      mtls: mtlsSchema('What holds for every port that portLevelMtls does not name.'),
      portLevelMtls: mapSchema(
        "What holds for single ports: the pod's, not the service's.",
        mtlsSchema('What holds for this port.'),
        {
          maxEntries: peerAuthenticationRules.maxPorts,
          rules: [
            {
              rule: "self.all(port, port.matches('^[1-9][0-9]{0,4}$') && int(port) <= 65535)",
              message: `must have as its key ${peerAuthenticationRules.portKey}`,
            },
          ],
        },
      ),
    },
    {
      rules: [
        {
          rule: '!has(self.portLevelMtls) || (has(self.selector) && has(self.selector.matchLabels) && size(self.selector.matchLabels) > 0)',
          message: peerAuthenticationRules.portsNeedSelector,
          fieldPath: '.portLevelMtls',
        },
      ],
    },
  ),
  columns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.mtls.mode' }],
};
