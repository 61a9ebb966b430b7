/** Compiled route matching and policy evaluation, free of sockets: the sidecar and `explain` run the same code. */
export { compileRouteMatch, type MatchInput, type RouteMatcher } from './route-match.ts';
