import { resourceTypes } from '@tulle/kubernetes';
import { type Check, type CheckContext, type Finding, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const leases = [
  { name: 'tulle-control-plane', without: 'nobody writes statuses' },
  { name: 'tulle-injector', without: 'nobody renews the certificate of the webhooks' },
];

export const leadership: Check = {
  name: 'leadership',
  run: async (context) => {
    const seen = await Promise.all(leases.map((lease) => holderOf(lease, context)));
    return {
      summary: seen.map(({ holder }) => holder).join(', '),
      findings: seen.flatMap(({ findings }) => findings),
    };
  },
};

interface Seen {
  readonly holder: string;
  readonly findings: readonly Finding[];
}

async function holderOf(
  { name, without }: (typeof leases)[number],
  { cluster, namespace, nowMs }: CheckContext,
): Promise<Seen> {
  const logs = `look for leadership in: kubectl -n ${namespace} logs -l app.kubernetes.io/name=${name}`;
  const spec = new Fields(await cluster.get(resourceTypes.leases, { namespace, name })).at('spec');
  const holder = spec.at('holderIdentity').text;
  const finding = (message: string) => [warn(`${message}: ${without}`, logs)];
  if (holder === '') return { holder, findings: finding(`nobody holds the Lease ${namespace}/${name}`) };
  const seconds = Math.round((nowMs() - Date.parse(spec.at('renewTime').text)) / 1_000);
  // Twice, since this machine's clock is another one.
  const isOld = !(seconds <= 2 * (spec.at('leaseDurationSeconds').number || 15));
  const message = `${holder} has not renewed the Lease ${namespace}/${name} for ${seconds} s`;
  return { holder, findings: isOld ? finding(message) : [] };
}
