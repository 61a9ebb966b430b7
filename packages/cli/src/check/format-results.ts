import { printable } from '../admin/format-table.ts';
import type { Io } from '../io.ts';
import type { Finding } from './check.ts';
import type { CheckResult } from './run-checks.ts';

/** A line a check, and below it what is wrong and what to do. */
export function formatResults(results: readonly CheckResult[], { colors }: Pick<Io, 'colors'>): string {
  const marks = { ok: colors.green('ok  '), warn: colors.yellow('warn'), fail: colors.red('FAIL') };
  const width = Math.max(...results.map(({ name }) => name.length));
  const findingLines = ({ level, message, hint }: Finding) =>
    `       ${marks[level].trimEnd()}: ${printable(message)}\n       ${colors.dim(`-> ${printable(hint)}`)}\n`;
  const lines = results.map(({ name, level, summary, findings }) => {
    const title = level === 'ok' ? `${name.padEnd(width)}  ${printable(summary)}` : name;
    return `${marks[level]}  ${title.trimEnd()}\n${findings.map(findingLines).join('')}`;
  });
  return `${lines.join('')}\n${verdictOf(results)}\n`;
}

function verdictOf(results: readonly CheckResult[]): string {
  const failed = results.filter(({ level }) => level === 'fail');
  const warned = results.filter(({ level }) => level === 'warn');
  const parts = [
    ...(failed.length === 0 ? [] : [`${failed.length} failed: ${failed.map(({ name }) => name).join(', ')}`]),
    ...(warned.length === 0 ? [] : [`${warned.length} warned: ${warned.map(({ name }) => name).join(', ')}`]),
  ];
  return `${results.length} checks, ${parts.length === 0 ? 'all is well' : parts.join('; ')}`;
}
