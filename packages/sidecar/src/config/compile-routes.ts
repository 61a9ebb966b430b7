import {
  formatServicePort,
  type Parsed,
  type RouteTable,
  type ServicePortName,
  type Violation,
} from '@tulle/model';
import { compileRouteMatch, type RouteMatcher } from '@tulle/policy';
import { messageOf } from '@tulle/runtime';
import type { Cluster, CompiledBackend, CompiledRule } from './mesh-view.ts';

/** What was compiled for the check of a table is used again when the table is put to work. */
const compiled = new WeakMap<RouteTable, Parsed<readonly RouteMatcher[]>>();

/** The matchers of a table's rules, or every rule that does not compile. */
function compileMatchers(table: RouteTable): Parsed<readonly RouteMatcher[]> {
  const known = compiled.get(table);
  if (known !== undefined) return known;
  const violations: Violation[] = [];
  const value = table.rules.flatMap(({ match }, index) => {
    try {
      return [compileRouteMatch(match)];
    } catch (thrown) {
      violations.push({ path: `rules[${index}].match`, reason: messageOf(thrown) });
      return [];
    }
  });
  const result: Parsed<readonly RouteMatcher[]> =
    violations.length === 0 ? { ok: true, value } : { ok: false, violations };
  compiled.set(table, result);
  return result;
}

/** The admission check of discovery: what does not compile is refused there (NACK). */
export function checkRoutes(table: RouteTable): readonly Violation[] {
  const result = compileMatchers(table);
  return result.ok ? [] : result.violations;
}

/** The service ports that a table's rules lead to, each once. */
export function backendsOf(table: RouteTable): ServicePortName[] {
  const services = table.rules.flatMap(({ backends }) =>
    backends.flatMap((backend) => (backend.kind === 'service' ? [backend.service] : [])),
  );
  return [...new Map(services.map((service) => [formatServicePort(service), service])).values()];
}

/** Rules ready for requests. The table has passed `checkRoutes`; `clusterOf` knows all of `backendsOf`. */
export function compileRules(
  table: RouteTable,
  clusterOf: (name: string) => Cluster,
): readonly CompiledRule[] {
  const matchers = compileMatchers(table);
  if (!matchers.ok) throw new Error(`routes of ${formatServicePort(table)} were taken without their check`);
  return table.rules.map((rule, index) => {
    let cumulativeWeight = 0;
    const backends = rule.backends.map((backend): CompiledBackend => {
      cumulativeWeight += backend.weight;
      if (backend.kind === 'invalid')
        return { cumulativeWeight, cluster: null, invalidReason: backend.reason };
      return { cumulativeWeight, cluster: clusterOf(formatServicePort(backend.service)), invalidReason: '' };
    });
    return { rule, matches: matchers.value[index]!, backends, totalWeight: cumulativeWeight };
  });
}
