import type { Command } from 'commander';
import { formatTable, printable } from '../admin/format-table.ts';
import { defaultAdminUrl, readAdminPage } from '../admin/read-admin-page.ts';
import type { Io } from '../io.ts';

const examples = `
STATE is synced (it took all that was sent), pending (an answer is due) or rejected (it keeps what it had
before; why is said below the table).

Examples:
  tulle proxies
  tulle proxies --json --admin http://127.0.0.1:15014
`;

/** The fields of control-plane's `/proxies` that an operator reads first. */
const columns = ['node', 'state', 'subscriptions', 'identity', 'peer', 'connectedAt'] as const;
const titles = ['PROXY', 'STATE', 'SUBSCRIPTIONS', 'IDENTITY', 'PEER', 'CONNECTED'];

type Row = Readonly<Record<string, unknown>>;

export function addProxiesCommand(program: Command, io: Io): void {
  program
    .command('proxies')
    .description('show the sidecars that are connected to the control plane, and whether they took all')
    .option('--admin <url>', 'the admin address of the control plane', defaultAdminUrl)
    .option('--json', 'as JSON, everything that is known')
    .addHelpText('after', examples)
    .action(async ({ admin, json }: { admin: string; json?: boolean }) => {
      const page = await readAdminPage(io.fetch, admin, '/proxies');
      // A control plane of another version may answer in another shape: then as it is.
      if (json || !isProxyList(page)) io.out(`${JSON.stringify(page, null, 2)}\n`);
      else io.out(page.length === 0 ? 'no proxy is connected\n' : describe(page));
    });
}

function describe(proxies: readonly Row[]): string {
  const table = formatTable(
    titles,
    proxies.map((proxy) => columns.map((column) => proxy[column])),
  );
  const rejections = proxies.flatMap(({ node, rejections: list }) =>
    (Array.isArray(list) ? list.filter(isRow) : []).map(
      ({ typeUrl, reason }) => `${printable(`${node} rejected ${typeUrl}: ${reason}`)}\n`,
    ),
  );
  return `${table}${rejections.length === 0 ? '' : `\n${rejections.join('')}`}`;
}

function isProxyList(page: unknown): page is readonly Row[] {
  return Array.isArray(page) && page.every((proxy) => isRow(proxy) && typeof proxy.node === 'string');
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
