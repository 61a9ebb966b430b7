import type { RouteMatch } from '@tulle/model';

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

export function compileRouteMatch(_match: RouteMatch): RouteMatcher {
  throw new Error('being written');
}
