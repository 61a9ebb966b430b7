import { messageOf } from '@tulle/runtime';
import type { CaptureBackend } from './capture-backend.ts';
import { probeCapture, probeLoopback } from './capture-probe.ts';
import { captureRules } from './capture-rules.ts';
import type { CaptureSettings } from './capture-settings.ts';
import type { CheckLine } from './check-line.ts';
import type { AddressFamily } from './cidr.ts';
import { loadOriginalDestination } from './original-destination.ts';

export interface CheckOptions {
  readonly settings: CaptureSettings;
  readonly family: AddressFamily;
  /** Those that may hold rules of ours; null: they may not be read. */
  readonly backends: readonly CaptureBackend[] | null;
  readonly user: { readonly uid: number; readonly gid: number };
}

/** Whether one family is captured: what stands is compared with what should, and connections are made. */
export async function checkCapture(options: CheckOptions): Promise<readonly CheckLine[]> {
  const { settings, family, user } = options;
  const lines = [...(await checkRules(options))];
  if (user.uid === settings.proxyUid || user.gid === settings.proxyGid) {
    lines.push({
      result: 'fault',
      what: `IPv${family}: this runs as user ${user.uid}, group ${user.gid}, whose connections are never captured`,
      remedy: 'run the check as another user, such as root',
    });
    return lines;
  }
  const original = await loadOriginalDestination();
  lines.push(await probeCapture({ side: 'outbound', settings, family, original }));
  lines.push(await probeCapture({ side: 'inbound', settings, family, original }));
  lines.push(await probeLoopback(family));
  return lines;
}

async function checkRules({ settings, family, backends }: CheckOptions): Promise<readonly CheckLine[]> {
  if (backends === null)
    return [
      { result: 'skipped', what: `IPv${family} rules: to read them needs NET_ADMIN; connections tell` },
    ];
  const lines: CheckLine[] = [];
  const holders: string[] = [];
  for (const backend of backends) {
    try {
      const standing = await backend.standing(family);
      if (standing.length === 0) continue;
      holders.push(backend.name);
      lines.push(
        compareRules(backend, backend.expected(captureRules(settings, family), family), standing, family),
      );
    } catch (thrown) {
      lines.push({ result: 'skipped', what: `IPv${family} rules of ${backend.name}: ${messageOf(thrown)}` });
    }
  }
  if (holders.length === 0)
    lines.push({
      result: 'fault',
      what: `IPv${family} rules: none of Tulle stand in this network namespace`,
      remedy: 'run the init program here without an option; see its log for why it did not make them',
    });
  if (holders.length > 1)
    lines.push({
      result: 'fault',
      what: `IPv${family} rules: they stand twice, by ${holders.join(' and ')}`,
      remedy: 'run the init program once more: it leaves those of one backend',
    });
  return lines;
}

function compareRules(
  backend: CaptureBackend,
  expected: readonly string[],
  standing: readonly string[],
  family: AddressFamily,
): CheckLine {
  const missing = expected.filter((rule) => !standing.includes(rule));
  const unexpected = standing.filter((rule) => !expected.includes(rule));
  const what = `IPv${family} rules of ${backend.name}`;
  if (missing.length > 0 || unexpected.length > 0) {
    const list = (title: string, rules: readonly string[]) =>
      rules.map((rule) => `\n           ${title}: ${rule}`).join('');
    return {
      result: 'fault',
      what: `${what}: not those of these settings${list('missing', missing)}${list('not ours to expect', unexpected)}`,
      remedy:
        'give the check the settings that the rules were made with, or run the init program again with these',
    };
  }
  const isOrdered = standing.length === expected.length && isSubsequence(expected, standing);
  if (isOrdered) return { result: 'ok', what: `${what}: all ${expected.length} stand` };
  return {
    result: 'fault',
    what: `${what}: doubled or in another order`,
    remedy: 'run the init program again: it replaces them',
  };
}

/** Chains may be listed in another order; within one the order decides. */
function isSubsequence(expected: readonly string[], standing: readonly string[]): boolean {
  const byChain = (rules: readonly string[]) =>
    rules.toSorted((a, b) => chainOf(a).localeCompare(chainOf(b)));
  const left = byChain(expected);
  return byChain(standing).every((rule, i) => rule === left[i]);
}

function chainOf(rule: string): string {
  return /^-A (\S+)/.exec(rule)?.[1] ?? /"chain":"(\w+)"/.exec(rule)?.[1] ?? '';
}
