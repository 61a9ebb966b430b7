import type { Command } from 'commander';
import { formatTable } from '../admin/format-table.ts';
import { defaultAdminUrl, readAdminPage } from '../admin/read-admin-page.ts';
import type { Io } from '../io.ts';

const examples = `
Examples:
  tulle proxies
  tulle proxies --json --admin http://127.0.0.1:15014
`;

export function addProxiesCommand(program: Command, io: Io): void {
  program
    .command('proxies')
    .description('show the sidecars that are connected to the control plane, and what they have taken')
    .option('--admin <url>', 'the admin address of the control plane', defaultAdminUrl)
    .option('--json', 'as JSON, everything that is known')
    .addHelpText('after', examples)
    .action(async ({ admin, json }: { admin: string; json?: boolean }) => {
      const page = await readAdminPage(io.fetch, admin, '/proxies');
      const rows = rowsOf(page);
      if (json || rows === null) io.out(`${JSON.stringify(page, null, 2)}\n`);
      else io.out(rows.length === 0 ? 'no proxy is connected\n' : formatTable(rows));
    });
}

/** The list of proxies in an answer, whether bare or under `proxies`; null for anything else. */
function rowsOf(page: unknown): readonly Record<string, unknown>[] | null {
  const list = isRecord(page) ? page.proxies : page;
  return Array.isArray(list) && list.every(isRecord) ? list : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
