import { type HttpRoute, type HttpRouteMatch, type HttpRouteRule, objectKey } from '@tulle/api';
import type { Backend, HeaderMatch, PathMatch, RouteMatch, Violation } from '@tulle/model';
import { compileRouteMatch } from '@tulle/policy';
import type { ResourceSet } from '../sources/resource-set.ts';
import { createdMsOf } from './order.ts';
import { type BackendFault, translateBackend } from './route-backends.ts';
import type { RankedRule } from './route-precedence.ts';

/** A route's rules, one for each match, with what its status has to say of them. */
export interface TranslatedRules {
  readonly rules: readonly RankedRule[];
  /** What the mesh cannot carry out: Accepted=False, `UnsupportedValue`. */
  readonly unsupported: readonly Violation[];
  /** Backend references that lead nowhere: ResolvedRefs=False with the first one's reason. */
  readonly backendFaults: readonly BackendFault[];
}

/**
 * What cannot be carried out is never left out in silence. The status says Accepted=False, and the route
 * stays attached, so that its traffic does not fall through to plain load balancing:
 * - a rule with such a filter answers 500 for what it matches, a backend with one for its share;
 * - a match that cannot be evaluated (query parameters, a bad regular expression) never holds;
 * - without its timeouts, retries or session persistence a rule still routes as written.
 */
export function translateRules(route: HttpRoute, resources: ResourceSet): TranslatedRules {
  const rules: RankedRule[] = [];
  const unsupported: Violation[] = [...route.unsupported];
  const backendFaults: BackendFault[] = [];
  const key = objectKey(route);
  const createdMs = createdMsOf(route);
  route.rules.forEach((source, ruleIndex) => {
    const name = `${key}/${source.name ?? ruleIndex}`;
    const backends = translateBackends(route, source, ruleIndex, resources, backendFaults);
    source.matches.forEach((sourceMatch, matchIndex) => {
      const match = translateMatch(sourceMatch);
      const fault = regexFault(match);
      if (fault !== null) unsupported.push({ path: sourceMatch.path, reason: fault });
      if (fault !== null || sourceMatch.unsupported.length > 0) return;
      rules.push({ rule: { name, match, backends }, createdMs, route: key, ruleIndex, matchIndex });
    });
  });
  return { rules, unsupported, backendFaults };
}

function translateBackends(
  route: HttpRoute,
  rule: HttpRouteRule,
  ruleIndex: number,
  resources: ResourceSet,
  faults: BackendFault[],
): readonly Backend[] {
  const backends = rule.backendRefs.map((ref, index) => {
    const { backend, fault } = translateBackend(route, ref, resources);
    if (fault !== null) {
      faults.push({ ...fault, path: `spec.rules[${ruleIndex}].backendRefs[${index}]` });
    }
    return backend;
  });
  const [filter] = rule.unsupportedFilters;
  return filter === undefined ? backends : [{ kind: 'invalid', reason: filter.reason, weight: 1 }];
}

function translateMatch({ pathMatch, method, headers }: HttpRouteMatch): RouteMatch {
  return { path: translatePath(pathMatch), method, headers: translateHeaders(headers) };
}

const pathKinds = { Exact: 'exact', PathPrefix: 'prefix', RegularExpression: 'regex' } as const;

function translatePath({ type, value }: HttpRouteMatch['pathMatch']): PathMatch | null {
  return type === 'PathPrefix' && value === '/' ? null : { kind: pathKinds[type], value };
}

/** Of several entries for one name, whatever its case, only the first counts (HTTPRouteMatch.headers). */
function translateHeaders(headers: HttpRouteMatch['headers']): readonly HeaderMatch[] {
  const byName = new Map<string, HeaderMatch>();
  for (const header of headers) {
    const name = header.name.toLowerCase();
    const kind = header.type === 'Exact' ? 'exact' : 'regex';
    if (!byName.has(name)) byName.set(name, { kind, name, value: header.value });
  }
  return [...byName.values()];
}

/** Compiled here once by the proxy's own code, so that no proxy ever meets one that it must refuse. */
function regexFault(match: RouteMatch): string | null {
  if (match.path?.kind !== 'regex' && match.headers.every(({ kind }) => kind === 'exact')) return null;
  try {
    compileRouteMatch(match);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
