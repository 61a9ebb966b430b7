import { type RawObject, resourceTypes } from '@tulle/kubernetes';
import type { Command } from 'commander';
import { count } from '../check/check.ts';
import { addClusterOptions, type Cluster, type ClusterOptions } from '../cluster/cluster.ts';
import { listServed } from '../cluster/list-served.ts';
import { addNamespaceOption, checkNamespace, valuesOf } from '../install/install-options.ts';
import { removalOf } from '../install/removal.ts';
import { writeObjects } from '../install/render.ts';
import { withoutOurParents } from '../install/route-statuses.ts';
import type { Io } from '../io.ts';
import { version } from '../version.ts';

const examples = `
Pods keep the sidecars that they have, and these go on without a control plane until their certificates end. So first
take the label off the namespaces, and start their pods anew:
  kubectl label namespace NAMESPACE tulle.dev/inject- && kubectl -n NAMESPACE rollout restart deployment

Examples:
  tulle uninstall | kubectl delete --ignore-not-found -f -            keeps the kinds, their objects and the authority
  tulle uninstall --purge | kubectl delete --ignore-not-found -f -    keeps nothing
  tulle uninstall --route-statuses      takes what the mesh has written out of the statuses of routes, at once
`;

interface Options extends ClusterOptions {
  readonly namespace: string;
  readonly purge?: boolean;
  readonly routeStatuses?: boolean;
}

export function addUninstallCommand(program: Command, io: Io): void {
  const command = program
    .command('uninstall')
    .description('write what is to be deleted, for kubectl delete')
    .option('--purge', 'the kinds with their objects, the authority and the namespace too')
    .option('--route-statuses', "take the mesh's entries out of the routes' statuses, when it is gone");
  addNamespaceOption(addClusterOptions(command))
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      const namespace = checkNamespace(options.namespace);
      if (options.routeStatuses) return await cleanRoutes(options, io);
      const values = await valuesOf({ values: [], set: [] });
      const removal = removalOf({ namespace, version, values }, options.purge === true);
      io.out(writeObjects(removal));
    });
}

async function cleanRoutes(options: Options, io: Io): Promise<void> {
  const cluster = io.connect(options);
  try {
    const cleaned = await cleanStatuses(cluster);
    io.out(`${count(cleaned, 'route')} had entries of the mesh in their statuses; none has any more\n`);
  } finally {
    cluster.close();
  }
}

async function cleanStatuses(cluster: Cluster): Promise<number> {
  const type = resourceTypes.httpRoutes;
  const cleaned = (await listServed(cluster, type))
    .map(withoutOurParents)
    .filter((route): route is RawObject => route !== null);
  for (const route of cleaned) await cluster.replace(type, route, { subresource: 'status' });
  return cleaned.length;
}
