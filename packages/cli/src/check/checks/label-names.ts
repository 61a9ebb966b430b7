import { labels, nearestName } from '@tulle/api';
import { keyOf, type RawObject } from '@tulle/kubernetes';
import { type Check, type Finding, warn } from '../check.ts';

const known = [labels.inject];
const values = ['enabled', 'disabled'];
const maxFindings = 20;

/** A label that was meant for the mesh, and that it does not know. */
export const labelNames: Check = {
  name: 'labels',
  run: async ({ view }) => {
    const objects = [...(await view.namespaces()), ...(await view.pods())];
    const findings = objects.flatMap(findingsOf);
    return {
      summary: `every ${labels.inject} is enabled or disabled`,
      findings: findings.slice(0, maxFindings),
    };
  },
};

function findingsOf(object: RawObject): readonly Finding[] {
  const { labels: own = {}, annotations = {} } = object.metadata;
  const what = `${object.kind === 'Pod' ? 'pod' : 'namespace'} ${keyOf(object)}`;
  const findings: Finding[] = [];
  for (const [key, value] of Object.entries(own)) {
    if (key === labels.inject) {
      if (!values.includes(value))
        findings.push(
          warn(`${what} has ${key}=${value}`, `it is left out of account: say ${values.join(' or ')}`),
        );
    } else if (isMeant(key))
      findings.push(warn(`${what} has the label ${key}`, `${known[0]} was meant, perhaps`));
  }
  if (annotations[labels.inject] !== undefined)
    findings.push(
      warn(`${what} has ${labels.inject} as an annotation`, 'it is a label: annotations are not looked at'),
    );
  return findings;
}

/** `tulle.dev/injection`, `tule.dev/inject`: near to it, and not some other label of the mesh's. */
function isMeant(key: string): boolean {
  const prefix = key.split('/')[0]!;
  const isOurs = prefix === 'tulle.dev' || nearestName(prefix, ['tulle.dev']) !== null;
  return key.includes('/') && isOurs && prefix !== 'config.tulle.dev';
}
