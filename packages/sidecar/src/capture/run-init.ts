import { type Logger, messageOf, TulleError } from '@tulle/runtime';
import { captureRules } from './capture-rules.ts';
import { type CaptureSettings, readCaptureSettings } from './capture-settings.ts';
import { checkCapture } from './check-capture.ts';
import { type CheckLine, formatCheck } from './check-line.ts';
import {
  backendsInUse,
  chooseBackend,
  type FoundBackends,
  findBackends,
  likelyBackend,
} from './choose-backend.ts';
import type { AddressFamily } from './cidr.ts';
import { initHelp, parseInitArguments } from './init-arguments.ts';
import type { RunCommand } from './run-command.ts';

export interface InitContext {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunCommand;
  /** A file's text; null where it cannot be read. */
  readonly readText: (path: string) => string | null;
  readonly user: { readonly uid: number; readonly gid: number };
  /** To standard output. */
  readonly print: (text: string) => void;
  readonly logger: Logger;
}

const initExitCodes = { done: 0, failed: 1, invalid: 2, notPermitted: 3 } as const;

/** Bit 12 of the sets in /proc/self/status (linux/capability.h). */
const CAP_NET_ADMIN = 12n;

/** The init program: reads its settings, does the one thing that it was asked for, and returns its exit code. */
export async function runInit(context: InitContext): Promise<number> {
  const { logger } = context;
  const asked = parseInitArguments(context.argv);
  if (asked.action === 'help') {
    context.print(initHelp());
    return initExitCodes.done;
  }
  const settings = readSettings({ ...context.env, ...asked.env }, asked.faults, logger);
  if (settings === null) return initExitCodes.invalid;
  const found = await findBackends(context.run);
  if (asked.action === 'dry-run') return dryRun(context, settings, found);
  if (asked.action === 'check') return await check(context, settings, found);
  if (!hasNetAdmin(context)) {
    logger.error('not permitted to program netfilter', {
      uid: context.user.uid,
      remedy:
        'run it as root with the capability NET_ADMIN, as an init container does; --dry-run needs neither',
    });
    return initExitCodes.notPermitted;
  }
  try {
    if (asked.action === 'clean-up') await cleanUp(context, found);
    else await apply(context, settings, found);
    return initExitCodes.done;
  } catch (thrown) {
    logger.error('netfilter was not programmed', {
      code: thrown instanceof TulleError ? thrown.code : null,
      reason: messageOf(thrown),
    });
    return initExitCodes.failed;
  }
}

/** Null: the faults of the command line and the settings have been told, all of them. */
function readSettings(
  env: InitContext['env'],
  argumentFaults: readonly string[],
  logger: Logger,
): CaptureSettings | null {
  const faults = [...argumentFaults];
  try {
    const settings = readCaptureSettings(env);
    if (faults.length === 0) return settings;
  } catch (thrown) {
    faults.push(messageOf(thrown));
  }
  logger.error('invalid settings', { faults });
  return null;
}

async function apply(context: InitContext, settings: CaptureSettings, found: FoundBackends): Promise<void> {
  const backend = await chooseBackend(settings.backend, found, context);
  for (const family of families(context, settings)) {
    const rules = captureRules(settings, family);
    await backend.apply(rules, family);
    // Ours of another backend would capture by settings of another day.
    for (const other of backendsInUse(found, family, context))
      if (other.name !== backend.name && (await other.remove(family)))
        context.logger.info('removed the rules of another backend', {
          backend: other.name,
          family: `IPv${family}`,
        });
    context.logger.info('capturing', {
      family: `IPv${family}`,
      backend: backend.name,
      outboundPort: settings.outboundPort,
      inboundPort: settings.inboundPort,
      rules: rules.outbound.length + rules.inbound.length,
    });
  }
}

async function cleanUp(context: InitContext, found: FoundBackends): Promise<void> {
  for (const family of [4, 6] as const) {
    const removedFrom: string[] = [];
    for (const backend of backendsInUse(found, family, context)) {
      // A kernel without IPv6 has nothing to remove, and no way to say so but an error.
      const isAbsent = family === 6 && !hasIpv6(context);
      if (!isAbsent && (await backend.remove(family))) removedFrom.push(backend.name);
    }
    context.logger.info('cleaned up', { family: `IPv${family}`, removedFrom });
  }
}

function dryRun(context: InitContext, settings: CaptureSettings, found: FoundBackends): number {
  const backend = likelyBackend(settings.backend, found);
  if (backend === null) {
    context.logger.error('no backend is installed whose rules could be shown', { backend: settings.backend });
    return initExitCodes.failed;
  }
  for (const family of families(context, settings))
    context.print(backend.describe(captureRules(settings, family), family));
  return initExitCodes.done;
}

async function check(context: InitContext, settings: CaptureSettings, found: FoundBackends): Promise<number> {
  const lines: CheckLine[] = [];
  for (const family of families(context, settings)) {
    const backends = hasNetAdmin(context) ? backendsInUse(found, family, context) : null;
    lines.push(...(await checkCapture({ settings, family, backends, user: context.user })));
  }
  context.print(formatCheck(lines));
  const isSound =
    lines.every(({ result }) => result !== 'fault') && lines.some(({ result }) => result === 'ok');
  return isSound ? initExitCodes.done : initExitCodes.failed;
}

function families(context: InitContext, { ipv6 }: CaptureSettings): readonly AddressFamily[] {
  if (ipv6 === 'on') return [4, 6];
  if (ipv6 === 'off') return [4];
  if (hasIpv6(context)) return [4, 6];
  context.logger.info('left out IPv6: this namespace has no IPv6 address but link-local ones');
  return [4];
}

/** Whether an interface has an address of global scope, as unique local ones are too (/proc/net/if_inet6). */
function hasIpv6({ readText }: InitContext): boolean {
  const rows = (readText('/proc/net/if_inet6') ?? '').split('\n').map((row) => row.trim().split(/\s+/));
  return rows.some(([_address, _index, _length, scope]) => scope === '00');
}

function hasNetAdmin({ readText }: InitContext): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText('/proc/self/status') ?? '')?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}
