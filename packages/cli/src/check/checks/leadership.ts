import { resourceTypes } from '@tulle/kubernetes';
import { type Check, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const name = 'tulle-control-plane';

/** Only the leader writes statuses; everything else every replica does. */
export const leadership: Check = {
  name: 'leadership',
  run: async ({ cluster, namespace, nowMs }) => {
    const spec = new Fields(await cluster.get(resourceTypes.leases, { namespace, name })).at('spec');
    const holder = spec.at('holderIdentity').text;
    const hint = `look for leadership in: kubectl -n ${namespace} logs -l app.kubernetes.io/name=${name}`;
    const finding = (message: string) => [warn(`${message}: nobody writes statuses`, hint)];
    if (holder === '')
      return { summary: '', findings: finding(`nobody holds the Lease ${namespace}/${name}`) };
    const seconds = Math.round((nowMs() - Date.parse(spec.at('renewTime').text)) / 1_000);
    // Twice, since this machine's clock is another one.
    const isOld = !(seconds <= 2 * (spec.at('leaseDurationSeconds').number || 15));
    const message = `${holder} has not renewed the Lease ${namespace}/${name} for ${seconds} s`;
    return { summary: `${holder} leads`, findings: isOld ? finding(message) : [] };
  },
};
