import type { PathMatch, RouteRule } from '@tulle/model';
import { compareAge, compareText } from './order.ts';

/** A rule with what its place among those of other routes depends on. */
export interface RankedRule {
  readonly rule: RouteRule;
  /** When its route was made, in ms; Infinity where no cluster has stored it yet. */
  readonly createdMs: number;
  /** `<namespace>/<name>` of its route. */
  readonly route: string;
  /** The place of the rule in its route, and of the match in its rule. */
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

/**
 * Most specific first (HTTPRouteRule.matches): exact path, longest prefix in characters, a method, the most
 * headers; then the oldest route, its name in the alphabet, and the order as written. Regular expressions
 * have no place in that rule: they stand after exact paths and before prefixes, since behind a prefix `/`
 * they would never be reached, and among themselves in the order of the later criteria.
 */
export function byPrecedence(a: RankedRule, b: RankedRule): number {
  const [first, second] = [a.rule.match, b.rule.match];
  return (
    pathRank(second.path) - pathRank(first.path) ||
    prefixLength(second.path) - prefixLength(first.path) ||
    Number(second.method !== null) - Number(first.method !== null) ||
    second.headers.length - first.headers.length ||
    compareAge(a.createdMs, b.createdMs) ||
    compareText(a.route, b.route) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex
  );
}

function pathRank(path: PathMatch | null): number {
  if (path === null || path.kind === 'prefix') return 0;
  return path.kind === 'regex' ? 1 : 2;
}

/** No path means the prefix `/`. A trailing slash is ignored in matching, so it must not make a rule more specific. */
function prefixLength(path: PathMatch | null): number {
  if (path === null || path.kind !== 'prefix') return 0;
  return path.value.replace(/\/$/, '').length;
}
