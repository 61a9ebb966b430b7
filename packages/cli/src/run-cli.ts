import { TulleError } from '@tulle/runtime';
import { Command, CommanderError } from 'commander';
import { addCheckCommand } from './commands/check.ts';
import { addDumpCommand } from './commands/dump.ts';
import { addInjectCommand } from './commands/inject.ts';
import { addInstallCommand } from './commands/install.ts';
import { addProxiesCommand } from './commands/proxies.ts';
import { addShiftCommand } from './commands/shift.ts';
import { addUninstallCommand } from './commands/uninstall.ts';
import { addUpgradeCommand } from './commands/upgrade.ts';
import { addValidateCommand } from './commands/validate.ts';
import type { ExitCode } from './exit-code.ts';
import type { Io } from './io.ts';

const commands = [
  addInstallCommand,
  addCheckCommand,
  addUpgradeCommand,
  addUninstallCommand,
  addInjectCommand,
  addValidateCommand,
  addShiftCommand,
  addProxiesCommand,
  addDumpCommand,
];

/** Runs `tulle` with the arguments after its name; resolves to the exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = new Command('tulle')
    .description('Tulle, a lightweight service mesh.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError('(--help shows how)');
  for (const add of commands) {
    add(program, io, (finished) => {
      code = finished;
    });
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (!(thrown instanceof TulleError)) throw thrown;
    io.err(`${io.colors.red('error:')} ${thrown.message}\n`);
    return 1;
  }
}
