import { messageOf } from '@tulle/runtime';
import { type Check, type CheckContext, type CheckOutcome, fail, type Level, levelOf } from './check.ts';

export interface CheckResult extends CheckOutcome {
  readonly name: string;
  readonly level: Level;
}

/** Asks one after the other. Where the first, whether there is an API server at all, fails, the rest is not asked. */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const { summary, findings } = await outcomeOf(check, context);
    results.push({ name: check.name, level: levelOf(findings), summary, findings });
    if (results.length === 1 && findings.length > 0) break;
  }
  return results;
}

async function outcomeOf(check: Check, context: CheckContext): Promise<CheckOutcome> {
  try {
    return await check.run(context);
  } catch (thrown) {
    const hint = 'this could not be looked at: see what the message says, and whether you may read it';
    return { summary: '', findings: [fail(messageOf(thrown), hint)] };
  }
}
