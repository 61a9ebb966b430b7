import { resourceTypes } from '@tulle/kubernetes';
import { type Check, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const prefix = 'gateway.networking.k8s.io';

export const gatewayApi: Check = {
  name: 'gateway-api',
  run: async ({ cluster }) => {
    const name = `httproutes.${prefix}`;
    const crd = await cluster.get(resourceTypes.customResourceDefinitions, { namespace: '', name });
    if (crd === null) {
      const hint =
        'routes need it, all else does not: kubectl apply --server-side -f the standard-install.yaml of its release';
      return { summary: '', findings: [warn('the CRDs of Gateway API are not installed', hint)] };
    }
    const annotations = new Fields(crd).at('metadata', 'annotations');
    const bundle = annotations.at(`${prefix}/bundle-version`).text;
    const channel = annotations.at(`${prefix}/channel`).text;
    const versions = new Fields(crd).at('spec', 'versions').items;
    const servesV1 = versions.some(
      (version) => version.at('name').text === 'v1' && version.at('served').isTrue,
    );
    const summary = `${bundle === '' ? 'of an unknown release' : bundle}${channel === '' ? '' : `, ${channel} channel`}`;
    if (servesV1) return { summary, findings: [] };
    const hint = 'bring a release from v1.0 on: earlier ones have no HTTPRoute v1';
    return { summary, findings: [warn(`Gateway API ${summary} serves no HTTPRoute v1`, hint)] };
  },
};
