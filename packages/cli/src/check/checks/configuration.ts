import { keyOf, type RawObject, resourceTypes } from '@tulle/kubernetes';
import { formatViolations } from '@tulle/model';
import { listServed } from '../../cluster/list-served.ts';
import { meshControllerName } from '../../install/route-statuses.ts';
import { settingsFaults } from '../../install/settings-faults.ts';
import { type Check, type CheckContext, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const maxFindings = 20;

/** Objects that the control plane has told to be wrong, and settings that the injector refuses. */
export const configuration: Check = {
  name: 'configuration',
  run: async (context) => {
    const { cluster } = context;
    const own = [resourceTypes.peerAuthentications, resourceTypes.meshConfigs];
    const policies = (await Promise.all(own.map((type) => listServed(cluster, type)))).flat();
    const routes = await listServed(cluster, resourceTypes.httpRoutes);
    const findings = [
      ...(await settingsFindings(context)),
      ...policies.flatMap((policy) => findingsOf(policy, new Fields(policy).at('status', 'conditions'))),
      ...routes.flatMap((route) =>
        parentsOf(route).flatMap((parent) => findingsOf(route, parent.at('conditions'))),
      ),
    ];
    const summary = `${routes.length + policies.length} objects, none refused`;
    return { summary, findings: findings.slice(0, maxFindings) };
  },
};

async function settingsFindings({ cluster, namespace, version }: CheckContext): Promise<readonly Finding[]> {
  const map = await cluster.get(resourceTypes.configMaps, { namespace, name: 'tulle-injector' });
  const faults = map === null ? [] : settingsFaults([map], version);
  if (faults.length === 0) return [];
  const message = `the injector refuses its settings (ConfigMap ${namespace}/tulle-injector): ${formatViolations(faults)}`;
  const hint =
    'mend the value by tulle upgrade or helm upgrade: an injector that runs goes on with what it had, one that starts does not get ready';
  return [fail(message, hint)];
}

function parentsOf(route: RawObject): readonly Fields[] {
  const parents = new Fields(route).at('status', 'parents').items;
  return parents.filter((parent) => parent.at('controllerName').text === meshControllerName);
}

function findingsOf(object: RawObject, conditions: Fields): readonly Finding[] {
  return conditions.items
    .filter((condition) => condition.at('status').text === 'False')
    .map((condition) => {
      const type = condition.at('type').text;
      const message = `${object.kind} ${keyOf(object)} is ${type}=False, ${condition.at('reason').text}: ${condition.at('message').text}`;
      const hint = 'mend it as it says; docs/operations.md has what each kind takes';
      return type === 'Accepted' ? fail(message, hint) : warn(message, hint);
    });
}
