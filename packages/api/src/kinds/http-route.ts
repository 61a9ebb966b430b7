import type { Violation } from '@tulle/model';
import type { ManifestNode } from '../manifest-node.ts';
import { atMost, dnsSubdomain } from '../text-rules.ts';
import { type HttpRouteMatch, readMatches } from './http-route-match.ts';
import { type BackendRef, type ParentRef, readBackendRefs, readParentRefs } from './http-route-refs.ts';
import { type ObjectMeta, readMeta } from './object-meta.ts';
import { refuseFeature } from './unsupported-features.ts';

export interface HttpRouteRule {
  readonly name: string | null;
  /** Never empty: a rule without matches matches every path. */
  readonly matches: readonly HttpRouteMatch[];
  readonly backendRefs: readonly BackendRef[];
  /** Filters that the mesh does not carry out. A request that they were meant for must not pass without them. */
  readonly unsupportedFilters: readonly Violation[];
}

export interface HttpRoute {
  readonly kind: 'HTTPRoute';
  readonly metadata: ObjectMeta;
  readonly parentRefs: readonly ParentRef[];
  readonly rules: readonly HttpRouteRule[];
  /** Everything in it that the mesh does not carry out yet, filters and matches included. */
  readonly unsupported: readonly Violation[];
}

/** Limits of Gateway API v1.7.0, HTTPRouteSpec and HTTPRouteRule. */
const maxRules = 16;
const maxMatchesInAll = 128;
const maxFilters = 16;
const maxHostnames = 16;

export function readHttpRoute(node: ManifestNode): HttpRoute {
  const metadata = readMeta(node);
  const unsupported: Violation[] = [];
  const spec = node.field('spec').object({ isRequired: true });
  // Mesh routes ignore host names (GAMMA); they are read so that only a misspelt field is warned of.
  spec.field('hostnames').items({ max: maxHostnames });
  const parentRefs = readParentRefs(spec.field('parentRefs'));
  const rulesNode = spec.field('rules');
  const ruleNodes = rulesNode.isAbsent ? [] : rulesNode.items({ min: 1, max: maxRules });
  const rules = rulesNode.isAbsent
    ? [readRule(rulesNode, unsupported)]
    : ruleNodes.map((rule) => readRule(rule.object({ isRequired: true }), unsupported));
  refuseTooManyMatches(rulesNode, rules);
  refuseRepeatedNames(ruleNodes, rules);
  refuseUseOfDefault(spec, unsupported);
  spec.warnOfUnknownFields();
  return { kind: 'HTTPRoute', metadata, parentRefs, rules, unsupported };
}

function readRule(node: ManifestNode, unsupported: Violation[]): HttpRouteRule {
  const filters: Violation[] = [];
  for (const filter of node.field('filters').items({ max: maxFilters })) {
    const type = filter.object({ isRequired: true }).field('type').text(atMost(63));
    refuseFeature(filter, `the filter ${type}`, filters);
  }
  unsupported.push(...filters);
  for (const feature of ['timeouts', 'retry', 'sessionPersistence']) {
    const field = node.field(feature).object();
    if (!field.isAbsent) refuseFeature(field, feature, unsupported);
  }
  const rule: HttpRouteRule = {
    name: node.field('name').optionalText(dnsSubdomain),
    matches: readMatches(node.field('matches'), unsupported),
    backendRefs: readBackendRefs(node.field('backendRefs'), unsupported),
    unsupportedFilters: filters,
  };
  node.warnOfUnknownFields();
  return rule;
}

/** Experimental: would attach the route to Gateways that it does not name. */
function refuseUseOfDefault(spec: ManifestNode, unsupported: Violation[]): void {
  const field = spec.field('useDefaultGateways');
  if (!field.isAbsent) refuseFeature(field, 'useDefaultGateways', unsupported);
}

function refuseTooManyMatches(node: ManifestNode, rules: readonly HttpRouteRule[]): void {
  const total = rules.reduce((sum, rule) => sum + rule.matches.length, 0);
  if (total > maxMatchesInAll) {
    node.violate(`must have at most ${maxMatchesInAll} matches in all, not ${total}`);
  }
}

/** Rule names are unique within a route (CEL rule of Gateway API 1.7). */
function refuseRepeatedNames(nodes: readonly ManifestNode[], rules: readonly HttpRouteRule[]): void {
  const seen = new Set<string>();
  nodes.forEach((node, index) => {
    const name = rules[index]!.name;
    if (name === null) return;
    if (seen.has(name)) node.field('name').violate(`another rule has the name ${JSON.stringify(name)}`);
    seen.add(name);
  });
}
