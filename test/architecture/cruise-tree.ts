import { createRequire } from 'node:module';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';

interface Configuration extends IFlattenedRuleSet {
  readonly options: ICruiseOptions;
}

/** The configuration of `npm run check`, so that the tests prove the very rules that it applies. */
const configuration = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as Configuration;

export const ruleNames: readonly string[] = (configuration.forbidden ?? []).map((rule) => rule.name ?? '');

/** Checks the given folders of the tree at `baseDir` by the project's import rules. */
export async function cruiseTree(baseDir: string, folders: readonly string[]): Promise<ICruiseResult> {
  const { options, ...ruleSet } = configuration;
  const { output } = await cruise([...folders], { ...options, ruleSet, validate: true, baseDir });
  if (typeof output === 'string') throw new Error('dependency-cruiser answered text where an object was due');
  return output;
}

/** The names of the rules that the tree breaks, each once. */
export function brokenRules(result: ICruiseResult): readonly string[] {
  return [...new Set(result.summary.violations.map((violation) => violation.rule.name))].sort();
}
