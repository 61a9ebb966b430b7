import type { Command } from 'commander';
import type { CheckContext } from '../check/check.ts';
import { checksAfter, checksBefore } from '../check/checks.ts';
import { ClusterView } from '../check/cluster-view.ts';
import { formatResults } from '../check/format-results.ts';
import { runChecks } from '../check/run-checks.ts';
import { addClusterOptions, type ClusterOptions } from '../cluster/cluster.ts';
import type { Finish } from '../exit-code.ts';
import { addNamespaceOption, checkNamespace } from '../install/install-options.ts';
import type { Io } from '../io.ts';
import { version } from '../version.ts';

const examples = `
Ends with 1 when a check has failed; a warning is none. Nothing is changed: one check makes a pod by a dry run.

Examples:
  tulle check --pre            before the installation
  tulle check
  tulle check --json | jq '.checks[] | select(.level != "ok")'
`;

interface Options extends ClusterOptions {
  readonly namespace: string;
  readonly pre?: boolean;
  readonly json?: boolean;
}

export function addCheckCommand(program: Command, io: Io, finish: Finish): void {
  const command = program
    .command('check')
    .description('look whether the mesh can be installed in a cluster, or stands there as it should')
    .option('--pre', 'before it is installed')
    .option('--json', 'as JSON');
  addNamespaceOption(addClusterOptions(command))
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      const namespace = checkNamespace(options.namespace);
      const cluster = io.connect(options);
      try {
        const view = new ClusterView(cluster, namespace);
        const context: CheckContext = { cluster, view, namespace, version, nowMs: io.nowMs };
        const results = await runChecks(options.pre ? checksBefore : checksAfter, context);
        const isFailed = results.some(({ level }) => level === 'fail');
        if (options.json) io.out(`${JSON.stringify({ ok: !isFailed, checks: results }, null, 2)}\n`);
        else io.out(formatResults(results, io));
        finish(isFailed ? 1 : 0);
      } finally {
        cluster.close();
      }
    });
}
