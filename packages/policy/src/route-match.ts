import type { HeaderMatch, PathMatch, RouteMatch } from '@tulle/model';
import { RE2JS } from 're2js';

/** What a request shows to matching. Implemented by the proxy's exchange and by `explain`. */
export interface MatchInput {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** The value of a header by its lower-case name (several lines joined by `, `), or null. */
  header(name: string): string | null;
}

/** Compiled once per snapshot, called per request; allocates nothing. */
export type RouteMatcher = (input: MatchInput) => boolean;

/**
 * Everything that the match names must hold (Gateway API, HTTPRouteMatch). Throws on a regular
 * expression that is not RE2 syntax (GEP-4359): whoever decodes a route refuses it then.
 */
export function compileRouteMatch(match: RouteMatch): RouteMatcher {
  const tests: RouteMatcher[] = [];
  // Cheapest first: a method is one comparison, a header a search through the lines.
  if (match.method !== null) tests.push(compileMethod(match.method));
  if (match.path !== null) tests.push(compilePath(match.path));
  for (const header of match.headers) tests.push(compileHeader(header));
  if (tests.length === 0) return matchesAll;
  if (tests.length === 1) return tests[0]!;
  return (input) => {
    for (let i = 0; i < tests.length; i++) {
      if (!tests[i]!(input)) return false;
    }
    return true;
  };
}

const matchesAll: RouteMatcher = () => true;

/** Methods are case-sensitive (RFC 9110 section 9.1). */
function compileMethod(method: string): RouteMatcher {
  return (input) => input.method === method;
}

function compilePath(path: PathMatch): RouteMatcher {
  switch (path.kind) {
    case 'exact':
      return (input) => input.path === path.value;
    case 'prefix':
      return compilePrefix(path.value);
    case 'regex': {
      const pattern = compileRegex(path.value);
      return (input) => pattern.testExact(input.path);
    }
  }
}

/** Element-wise, a trailing slash ignored: `/foo` matches `/foo`, `/foo/` and `/foo/bar`, not `/foobar`. */
function compilePrefix(value: string): RouteMatcher {
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value;
  if (prefix === '') return matchesAll;
  return ({ path }) =>
    path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47);
}

/** A header that is absent matches nothing, not even an empty value. */
function compileHeader({ kind, name, value }: HeaderMatch): RouteMatcher {
  if (kind === 'exact') return (input) => input.header(name) === value;
  const pattern = compileRegex(value);
  return (input) => {
    const actual = input.header(name);
    return actual !== null && pattern.testExact(actual);
  };
}

/** Linear in the input, whatever the pattern; the whole input must match. */
function compileRegex(value: string): RE2JS {
  try {
    return RE2JS.compile(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${JSON.stringify(value)} is not a regular expression of RE2 syntax: ${reason}`, {
      cause,
    });
  }
}
