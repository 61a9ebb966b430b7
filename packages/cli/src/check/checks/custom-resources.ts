import { customResourceDefinitions } from '@tulle/api';
import { resourceTypes } from '@tulle/kubernetes';
import { type Check, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const apply =
  // Whoever made them before, Helm for one, still has them as its own.
  'tulle install --crds-only | kubectl apply --server-side --force-conflicts -f -';

export const customResources: Check = {
  name: 'custom-resources',
  run: async ({ cluster }) => {
    const findings: Finding[] = [];
    for (const wanted of customResourceDefinitions) {
      const { name } = wanted.metadata;
      const found = await cluster.get(resourceTypes.customResourceDefinitions, { namespace: '', name });
      const conditions = new Fields(found).at('status', 'conditions');
      if (found === null) findings.push(fail(`${name} is not there`, apply));
      else if (conditions.condition('Established').at('status').text !== 'True') {
        const why = conditions.condition('NamesAccepted').at('message').text;
        findings.push(
          fail(`${name} is not established${why === '' ? '' : `: ${why}`}`, `kubectl describe crd ${name}`),
        );
      } else if (!isWithin(wanted.spec, found.spec)) {
        findings.push(
          warn(`${name} is not the one of this version`, `${apply}, or use the tulle of its version`),
        );
      }
    }
    return { summary: `all ${customResourceDefinitions.length} established`, findings };
  },
};

/** Whether all that was asked for stands there; the API server adds what has a default. */
function isWithin(wanted: unknown, found: unknown): boolean {
  if (Array.isArray(wanted)) {
    const list = Array.isArray(found) ? found : [];
    return list.length === wanted.length && wanted.every((item, index) => isWithin(item, list[index]));
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === found;
  const object = new Fields(found);
  return Object.entries(wanted).every(
    ([key, value]) => isEmpty(value) || isWithin(value, object.at(key).value),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
