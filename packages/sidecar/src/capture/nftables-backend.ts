import { type CaptureBackend, notProgrammed } from './capture-backend.ts';
import type { AddressFamily } from './cidr.ts';
import {
  type Json,
  listedNftObjects,
  nftApplyCommands,
  nftObjects,
  nftRemoveCommands,
  nftTable,
} from './nftables-rules.ts';
import type { RunCommand } from './run-command.ts';

const families = { 4: 'ip', 6: 'ip6' } as const;

/** A table of our own beside whatever other programs made: no iptables is needed. */
export function nftablesBackend(run: RunCommand): CaptureBackend {
  const feed = async (commands: Json): Promise<void> => {
    // As an argument: nft opens /dev/stdin, and what Node gives a program there is a socket, which cannot be opened.
    const result = await run('nft', ['-j', JSON.stringify(commands)]);
    if (result.code !== 0) throw notProgrammed('nft -j', result);
  };
  const list = async (family: AddressFamily): Promise<readonly Json[]> => {
    const result = await run('nft', ['-j', 'list', 'table', families[family], nftTable]);
    if (result.code === 0) return listedNftObjects(result.stdout);
    if (/no such file or directory/i.test(result.stderr)) return [];
    throw notProgrammed('nft list table', result);
  };
  return {
    name: 'nft',
    describe: (rules, family) => `${JSON.stringify(nftApplyCommands(rules, family), null, 2)}\n`,
    expected: (rules, family) => nftObjects(rules, family).map((object) => JSON.stringify(object)),
    standing: async (family) => (await list(family)).map((object) => JSON.stringify(object)),
    apply: (rules, family) => feed(nftApplyCommands(rules, family)),
    remove: async (family) => {
      if ((await list(family)).length === 0) return false;
      await feed(nftRemoveCommands(family));
      return true;
    },
  };
}
