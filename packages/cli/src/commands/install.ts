import type { Command } from 'commander';
import {
  addNamespaceOption,
  addValueOptions,
  checkNamespace,
  renderChecked,
  type ValueOptions,
  valuesOf,
} from '../install/install-options.ts';
import { ownNamespace } from '../install/manifests/own-namespace.ts';
import { writeObjects } from '../install/render.ts';
import type { Io } from '../io.ts';
import { version } from '../version.ts';

const examples = `
Nothing is changed in a cluster: what is to be applied goes to standard output. The values are the Helm chart's
(deploy/chart/tulle/values.yaml), and so are the objects.

Examples:
  tulle check --pre && tulle install | kubectl apply --server-side -f -
  tulle install --crds-only | kubectl apply --server-side -f -
  tulle install --registry registry.example.com/tulle --set proxy.memoryLimit=1Gi
`;

interface InstallOptions extends ValueOptions {
  readonly namespace: string;
  readonly trustDomain?: string;
  readonly crdsOnly?: boolean;
  readonly skipCrds?: boolean;
}

export function addInstallCommand(program: Command, io: Io): void {
  const command = program
    .command('install')
    .description('write the manifests of an installation, for kubectl apply')
    .option('--trust-domain <domain>', 'the first part of every identity (trustDomain); settled for good')
    .option('--crds-only', "only the kinds' definitions")
    .option('--skip-crds', "all but the kinds' definitions");
  addNamespaceOption(command);
  addValueOptions(command)
    .addHelpText('after', examples)
    .action(async (options: InstallOptions) => {
      io.out(await manifestsOf(options));
    });
}

async function manifestsOf(options: InstallOptions): Promise<string> {
  const namespace = checkNamespace(options.namespace);
  const { trustDomain, crdsOnly = false, skipCrds = false } = options;
  const values = await valuesOf(options, {
    ...(trustDomain === undefined ? {} : { trustDomain }),
    ...(skipCrds ? { crds: { install: false } } : {}),
  });
  const objects = renderChecked({ namespace, version, values });
  if (crdsOnly) return writeObjects(objects.filter(({ kind }) => kind === 'CustomResourceDefinition'));
  return writeObjects([ownNamespace(namespace), ...objects]);
}
