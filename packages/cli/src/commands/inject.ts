import { defaults } from '@tulle/api';
import { TulleError } from '@tulle/runtime';
import type { Command } from 'commander';
import { addClusterOptions, type ClusterOptions } from '../cluster/cluster.ts';
import type { Finish } from '../exit-code.ts';
import { readYamlFile } from '../files/yaml-files.ts';
import { injectDocuments } from '../inject/inject-documents.ts';
import { settingsOfCluster, settingsOfValues } from '../inject/injection-settings.ts';
import { checkNamespace, valuesOf } from '../install/install-options.ts';
import type { Io } from '../io.ts';

const examples = `
For those who want to see in their repository what runs. Settings and roots are those of the cluster, or, with --ca-file,
the defaults of an installation; new roots need a new run. Pods that the webhook meets later are left as they are.

Examples:
  tulle inject -f deployment.yaml | kubectl apply -f -
  kubectl -n shop get deployment -o yaml | tulle inject -f - > injected.yaml
  tulle inject -f - --ca-file root.pem --set proxy.logLevel=debug < deployment.yaml
`;

interface Options extends ClusterOptions {
  readonly filename: readonly string[];
  readonly namespace: string;
  readonly meshNamespace: string;
  readonly caFile?: string;
  readonly set: readonly string[];
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export function addInjectCommand(program: Command, io: Io, finish: Finish): void {
  addClusterOptions(program.command('inject'))
    .description('put sidecars into the pods of manifests, as the webhook would')
    .requiredOption(
      '-f, --filename <file>',
      'a file of YAML or JSON, - for standard input; may be repeated',
      collect,
      [],
    )
    .option('-n, --namespace <namespace>', 'the namespace of objects that name none', defaults.namespace)
    .option('--mesh-namespace <namespace>', "the mesh's own", defaults.meshNamespace)
    .option('--ca-file <file>', "the mesh's roots; then no cluster is asked")
    .option('--set <path=value>', 'with --ca-file: a value of the installation', collect, [])
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      const context = await contextOf(options, io);
      let isFaulty = false;
      let hasWritten = false;
      for (const file of options.filename) {
        const text = file === '-' ? await io.readInput() : await readYamlFile(file);
        const name = file === '-' ? 'standard input' : file;
        const result = injectDocuments(text, {
          context,
          namespace: checkNamespace(options.namespace),
          file: name,
        });
        for (const note of result.notes) io.err(`${note}\n`);
        for (const warning of result.warnings) io.err(`${io.colors.yellow('warning:')} ${warning}\n`);
        for (const fault of result.faults) io.err(`${io.colors.red('error:')} ${fault}\n`);
        if (result.faults.length > 0) isFaulty = true;
        else {
          // Else the last document of one file and the first of the next would be one.
          io.out(hasWritten && !result.text.startsWith('---') ? `---\n${result.text}` : result.text);
          hasWritten = true;
        }
      }
      if (isFaulty) finish(1);
    });
}

async function contextOf(options: Options, io: Io) {
  const namespace = checkNamespace(options.meshNamespace);
  if (options.caFile !== undefined) {
    const values = await valuesOf({ values: [], set: options.set });
    return settingsOfValues(namespace, values, await readYamlFile(options.caFile));
  }
  if (options.set.length > 0) {
    const message = '--set goes with --ca-file: a cluster has its own settings';
    throw new TulleError('INJECTION_SETTINGS', message, { source: 'config' });
  }
  const cluster = io.connect(options);
  try {
    return await settingsOfCluster(cluster, namespace);
  } finally {
    cluster.close();
  }
}
