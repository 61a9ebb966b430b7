/**
 * Runs one of the project's tasks on any machine with Node 20, npm and git: sets up what is missing, then
 * runs the task on the Node that the workspace pins. Plain JavaScript without dependencies, since it runs
 * before anything is installed.
 */
import { Fault } from './bootstrap/fault.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { checkNodeVersion } from './bootstrap/requirements.mjs';
import { runChild } from './bootstrap/run-child.mjs';
import { describeTask, describeTasks, tasks } from './tasks.mjs';

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof Fault)) throw thrown;
  process.stderr.write(`\n${thrown.message}\n`);
  process.exitCode = 1;
}

/** @param {readonly string[]} argv */
async function run([name, ...args]) {
  checkNodeVersion();
  const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
  if (task === undefined) {
    const isHelp = name === undefined || name === '--help' || name === '-h';
    process[isHelp ? 'stdout' : 'stderr'].write(
      `${isHelp ? '' : `No task "${name}".\n\n`}${describeTasks()}`,
    );
    return isHelp ? 0 : 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(describeTask(name, task));
    return 0;
  }
  await ensureInstalled();
  const command = task.command(args);
  return runChild(command.file, command.args);
}
