import { resourceTypes } from '@tulle/kubernetes';
import { type Check, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

/** Names of the whole cluster (webhooks, roles) are there once: so is the mesh. */
export const otherInstallation: Check = {
  name: 'other-installation',
  run: async ({ cluster, namespace }) => {
    const ref = { namespace: '', name: 'tulle-injector' };
    const webhooks = await cluster.get(resourceTypes.mutatingWebhookConfigurations, ref);
    const found = new Fields(webhooks)
      .at('webhooks')
      .items.map((webhook) => webhook.at('clientConfig', 'service', 'namespace').text);
    const other = found.find((place) => place !== '' && place !== namespace);
    if (other !== undefined) {
      const hint = `a cluster has one: say --namespace ${other}, or uninstall that first`;
      return { summary: '', findings: [fail(`there is a Tulle already, in namespace ${other}`, hint)] };
    }
    if (webhooks === null) return { summary: 'none', findings: [] };
    const hint = 'use `tulle upgrade`, which keeps its values and says what changes';
    return { summary: '', findings: [warn(`Tulle is installed in ${namespace} already`, hint)] };
  },
};
