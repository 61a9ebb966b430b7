import { type CaptureBackend, notProgrammed } from './capture-backend.ts';
import type { CaptureBackendName } from './capture-settings.ts';
import type { AddressFamily } from './cidr.ts';
import {
  foreignIptablesRules,
  iptablesApplyText,
  iptablesRemoveText,
  iptablesRules,
  ownIptablesRules,
} from './iptables-rules.ts';
import type { RunCommand } from './run-command.ts';

/** For whoever else programs the same namespace at this moment. */
const waitSeconds = '5';

export interface IptablesBackend extends CaptureBackend {
  /** Whether others have rules here: then ours belong beside them. */
  hasForeignRules(family: AddressFamily): Promise<boolean>;
}

/** `iptables-nft` and `iptables-legacy` differ in nothing but where the kernel keeps their rules. */
export function iptablesBackend(
  name: CaptureBackendName,
  programs: Readonly<Record<AddressFamily, string>>,
  run: RunCommand,
): IptablesBackend {
  const save = async (family: AddressFamily): Promise<string> => {
    const program = `${programs[family]}-save`;
    const result = await run(program, ['-t', 'nat']);
    if (result.code !== 0) throw notProgrammed(`${program} -t nat`, result);
    return result.stdout;
  };
  const restore = async (family: AddressFamily, text: string): Promise<void> => {
    const program = `${programs[family]}-restore`;
    const result = await run(program, ['--noflush', '--wait', waitSeconds], text);
    if (result.code !== 0) throw notProgrammed(program, result);
  };
  return {
    name,
    describe: (rules, family) => `# ${programs[family]}-restore --noflush\n${iptablesApplyText(rules, '')}`,
    expected: (rules) => iptablesRules(rules),
    standing: async (family) => ownIptablesRules(await save(family)),
    apply: async (rules, family) => restore(family, iptablesApplyText(rules, await save(family))),
    remove: async (family) => {
      const text = iptablesRemoveText(await save(family));
      if (text === null) return false;
      await restore(family, text);
      return true;
    },
    hasForeignRules: async (family) => foreignIptablesRules(await save(family)).length > 0,
  };
}
