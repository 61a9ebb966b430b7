/** Runs every static check, says of each how it went and how long it took, and fails at the end if one did. */
import { deployDrift } from './checks/deploy-drift.mjs';
import { environment } from './checks/environment.mjs';
import { imports } from './checks/imports.mjs';
import { lengths } from './checks/lengths.mjs';
import { links } from './checks/links.mjs';
import { machinePaths } from './checks/machine-paths.mjs';
import { style } from './checks/style.mjs';
import { types } from './checks/types.mjs';
import { unused } from './checks/unused.mjs';
import { wireBreaking } from './checks/wire-breaking.mjs';
import { wireDrift } from './checks/wire-drift.mjs';
import { wireLint } from './checks/wire-lint.mjs';

const checks = [
  types,
  style,
  imports,
  environment,
  unused,
  wireLint,
  wireBreaking,
  wireDrift,
  deployDrift,
  lengths,
  machinePaths,
  links,
];

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  if (args.includes('--list')) {
    for (const { name, about } of checks) process.stdout.write(`${name.padEnd(14)} ${about}\n`);
    return 0;
  }
  const unknown = args.filter((arg) => !checks.some(({ name }) => name === arg));
  if (unknown.length > 0) {
    process.stderr.write(
      `No check ${unknown.join(', ')}; there are: ${checks.map(({ name }) => name).join(', ')}\n`,
    );
    return 2;
  }
  const chosen = args.length === 0 ? checks : checks.filter(({ name }) => args.includes(name));
  const failed = [];
  // One that was asked for by name tells all; in a run of all of them each keeps itself short.
  const maxLines = args.length === 0 ? 60 : Number.POSITIVE_INFINITY;
  for (const check of chosen) if (!(await report(check, maxLines))) failed.push(check.name);
  const verdict = failed.length === 0 ? 'all passed' : `${failed.length} failed: ${failed.join(', ')}`;
  process.stdout.write(`\n${chosen.length} checks, ${verdict}\n`);
  return failed.length === 0 ? 0 : 1;
}

async function report(check, maxLines) {
  const startMs = Date.now();
  const { ok, output } = await runCheck(check);
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(
    `${ok ? 'ok  ' : 'FAIL'} ${check.name.padEnd(14)} ${seconds.padStart(5)} s  ${check.about}\n`,
  );
  const isWorthReading = !ok || output.startsWith('hint:');
  if (isWorthReading && output !== '') process.stdout.write(indent(shorten(output, check.name, maxLines)));
  return ok;
}

function shorten(output, name, maxLines) {
  const lines = output.split('\n');
  if (lines.length <= maxLines) return output;
  const left = lines.length - maxLines;
  return [...lines.slice(0, maxLines), `... and ${left} lines more: npm run check -- ${name}`].join('\n');
}

function indent(text) {
  return `${text.replaceAll(/^(?=.)/gm, '       ')}\n`;
}

/** A check that breaks has failed; the others still run. */
async function runCheck(check) {
  try {
    return await check.run();
  } catch (thrown) {
    return { ok: false, output: `the check itself broke: ${thrown.stack ?? thrown}` };
  }
}
