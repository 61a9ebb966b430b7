import type { ServicePortName } from './names.ts';

export type PathMatch =
  | { readonly kind: 'exact'; readonly value: string }
  /** Element-wise, a trailing slash ignored (Gateway API, PathPrefix). */
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly value: string };

export interface HeaderMatch {
  readonly kind: 'exact' | 'regex';
  /** Lower case. */
  readonly name: string;
  readonly value: string;
}

/** All that is present must match (AND). No path means every path. */
export interface RouteMatch {
  readonly path: PathMatch | null;
  readonly method: string | null;
  readonly headers: readonly HeaderMatch[];
}

/** `invalid` answers 500 for its weight's share (Gateway API, backendRefs). */
export type Backend =
  | { readonly kind: 'service'; readonly service: ServicePortName; readonly weight: number }
  | { readonly kind: 'invalid'; readonly reason: string; readonly weight: number };

export interface RouteRule {
  /** `<namespace>/<route>/<rule index or rule name>`: what logs, metrics and `explain` call this rule. */
  readonly name: string;
  readonly match: RouteMatch;
  readonly backends: readonly Backend[];
}

/**
 * The routes of one service port as one client namespace sees them, most specific rule first (the
 * precedence is settled by translation, never by the proxy). A port with no route attached has no
 * RouteTable; a table none of whose rules match answers 404.
 */
export interface RouteTable extends ServicePortName {
  readonly rules: readonly RouteRule[];
}
