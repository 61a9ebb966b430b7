import { TulleError } from '@tulle/runtime';
import type { Command } from 'commander';
import { addClusterOptions, type ClusterOptions } from '../cluster/cluster.ts';
import {
  addNamespaceOption,
  addValueOptions,
  checkNamespace,
  renderChecked,
  type ValueOptions,
  valuesOf,
} from '../install/install-options.ts';
import { type InstallRecord, readInstallRecord } from '../install/install-record.ts';
import { ownNamespace } from '../install/manifests/own-namespace.ts';
import type { ObjectIdentity } from '../install/removal.ts';
import { writeObjects } from '../install/render.ts';
import { planUpgrade, type UpgradePlan } from '../install/upgrade-plan.ts';
import { refusalOfJump, valueChanges } from '../install/upgrade-rules.ts';
import { onlyKnown, type Values } from '../install/values/read-values.ts';
import { valueTree } from '../install/values/values.ts';
import type { Io } from '../io.ts';
import { version } from '../version.ts';

const examples = `
What is to be applied goes to standard output, what changes by it to standard error; nothing is changed in the cluster.
The values are those of the installation, with what is said here laid over. Afterwards restart the pods of the mesh at
leisure: sidecars work with a control plane that is one version apart.

Examples:
  tulle upgrade > /dev/null                            what would change?
  tulle upgrade | kubectl apply --server-side --force-conflicts -f -
  tulle upgrade --set proxy.memoryLimit=1Gi | kubectl apply --server-side --force-conflicts -f -
  tulle upgrade --obsolete | kubectl delete -f -       what no longer belongs to it
`;

interface Options extends ValueOptions, ClusterOptions {
  readonly namespace: string;
  readonly obsolete?: boolean;
}

export function addUpgradeCommand(program: Command, io: Io): void {
  const command = program
    .command('upgrade')
    .description('write the manifests of an installation in this version, with the values that it has')
    .option('--obsolete', 'instead: the objects that no longer belong to it, for kubectl delete');
  addValueOptions(addNamespaceOption(addClusterOptions(command)))
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      const cluster = io.connect(options);
      try {
        const namespace = checkNamespace(options.namespace);
        const record = await recordOf(cluster, namespace);
        const values = await valuesOf(options, onlyKnown(valueTree, record.values));
        refuseUnsafe(record, values);
        const objects = renderChecked({ namespace, version, values });
        const plan = await planUpgrade(cluster, namespace, objects);
        io.err(describe({ record, values, plan }));
        io.out(writeObjects(options.obsolete ? plan.obsolete : [ownNamespace(namespace), ...objects]));
      } finally {
        cluster.close();
      }
    });
}

async function recordOf(
  cluster: Parameters<typeof readInstallRecord>[0],
  namespace: string,
): Promise<InstallRecord> {
  const record = await readInstallRecord(cluster, namespace);
  if (record === null) {
    throw refusal(
      `there is no ConfigMap ${namespace}/tulle-install: nothing is installed in ${namespace} (tulle install), or it is in another namespace (--namespace)`,
    );
  }
  if (record.installer !== 'tulle') {
    throw refusal(
      `it was installed by ${record.installer}: upgrade it by that, or its own record would be wrong ` +
        `(helm upgrade RELEASE deploy/chart/tulle --namespace ${namespace} --reset-then-reuse-values)`,
    );
  }
  return record;
}

function refuseUnsafe(record: InstallRecord, values: Values): void {
  const jump = refusalOfJump(record.version, version);
  if (jump !== null) throw refusal(jump);
  if (values.trustDomain !== record.values.trustDomain) {
    throw refusal(
      `the trust domain is ${record.values.trustDomain}, and cannot become ${values.trustDomain}: every identity would be another's. Uninstall with --purge and install anew, or keep it`,
    );
  }
}

interface Change {
  readonly record: InstallRecord;
  readonly values: Values;
  readonly plan: UpgradePlan;
}

function describe({ record, values, plan }: Change): string {
  const { added, changed, obsolete } = plan;
  const line = (label: string) => (object: ObjectIdentity) =>
    `  ${label} ${object.kind} ${object.metadata.name}\n`;
  const lines = [
    `installed ${record.version}, this is ${version}\n`,
    ...valueChanges(record.values, values).map((change) => `  value    ${change}\n`),
    ...added.map(line('new     ')),
    ...changed.map(line('changed ')),
    ...obsolete.map(line('obsolete')),
  ];
  const tag = imageVersionOf(values);
  if (tag !== '' && tag !== version)
    lines.push(
      `  images stay those of ${tag}, as image.version says: --version ${version} takes this version's\n`,
    );
  if (obsolete.length > 0)
    lines.push('  take them away by: tulle upgrade --obsolete | kubectl delete -f -\n');
  if (lines.length === 1) lines.push('  nothing changes\n');
  return lines.join('');
}

function imageVersionOf({ image }: Values): string {
  return String((image as Values | undefined)?.version ?? '');
}

function refusal(message: string): TulleError {
  return new TulleError('UPGRADE_REFUSED', message, { source: 'config' });
}
