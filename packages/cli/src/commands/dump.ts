import type { Command } from 'commander';
import { defaultAdminUrl, readAdminPage } from '../admin/read-admin-page.ts';
import type { Io } from '../io.ts';

const examples = `
Examples:
  tulle dump
  tulle dump --admin http://127.0.0.1:15000     the configuration that a sidecar has
  tulle dump | less
`;

export function addDumpCommand(program: Command, io: Io): void {
  program
    .command('dump')
    .description('show the configuration that the control plane serves, as JSON')
    .option('--admin <url>', 'the admin address of the control plane (or of a sidecar)', defaultAdminUrl)
    .addHelpText('after', examples)
    .action(async ({ admin }: { admin: string }) => {
      const dump = await readAdminPage(io.fetch, admin, '/config_dump');
      io.out(`${JSON.stringify(dump, null, 2)}\n`);
    });
}
