import type { BackendNode, RouteNode, RuleNode } from './find-route.ts';
import type { NewWeight, ShiftRequest } from './shift-request.ts';

/** Which weight of which rule is to become what; or why that cannot be told. */
export type RuleChoice =
  | { readonly ok: true; readonly rule: RuleNode; readonly weights: ReadonlyMap<BackendNode, number> }
  | { readonly ok: false; readonly reason: string };

/** The rule that is meant: the one that was named, else the only one with all the backends that were named. */
export function chooseRule(route: RouteNode, request: ShiftRequest): RuleChoice {
  const candidates = route.rules.filter(
    ({ index, name }) => request.rule === null || String(index) === request.rule || name === request.rule,
  );
  if (candidates.length === 0) {
    const reason =
      request.rule === null
        ? 'it has no rules'
        : `it has no rule ${request.rule}, but ${describeRules(route.rules)}`;
    return { ok: false, reason };
  }
  const choices = candidates.map((rule) => matchBackends(rule, request.weights));
  const possible = choices.filter(({ ok }) => ok);
  if (possible.length === 1) return possible[0]!;
  if (possible.length > 1) {
    const names = candidates.filter((_, index) => choices[index]!.ok).map(({ index }) => index);
    return { ok: false, reason: `rules ${names.join(', ')} have these backends: say which with --rule` };
  }
  return choices[0]!.ok || candidates.length === 1
    ? choices[0]!
    : { ok: false, reason: `no rule has all of these backends; it has ${describeRules(candidates)}` };
}

function matchBackends(rule: RuleNode, wanted: readonly NewWeight[]): RuleChoice {
  const weights = new Map<BackendNode, number>();
  for (const { namespace, name, port, weight, written } of wanted) {
    const found = rule.backends.filter(
      (backend) =>
        backend.name === name &&
        (namespace === null || backend.namespace === namespace) &&
        (port === null || backend.port === port),
    );
    if (found.length === 0) {
      return {
        ok: false,
        reason: `rule ${rule.index} has no backend for ${written}; it has ${describeBackends(rule)}`,
      };
    }
    if (found.length > 1) {
      return {
        ok: false,
        reason: `rule ${rule.index} has several backends for ${written}: ${describeBackends(rule)}; write <namespace>/<name>:<port>=<weight>`,
      };
    }
    if (weights.has(found[0]!))
      return { ok: false, reason: `${written} gives a second weight to one backend` };
    weights.set(found[0]!, weight);
  }
  return { ok: true, rule, weights };
}

/** `<namespace>/<name>:<port>`, as names are written everywhere. */
export function describeBackend({ namespace, name, port }: BackendNode): string {
  return `${namespace}/${name}${port === null ? '' : `:${port}`}`;
}

function describeBackends(rule: RuleNode): string {
  return rule.backends.length === 0 ? 'none' : rule.backends.map(describeBackend).join(', ');
}

function describeRules(rules: readonly RuleNode[]): string {
  if (rules.length === 0) return 'none';
  return rules.map((rule) => `rule ${rule.name ?? rule.index} (${describeBackends(rule)})`).join('; ');
}
