import type { Violation } from '@tulle/model';
import type { ManifestNode, TextRule } from '../manifest-node.ts';
import { atMost, headerName } from '../text-rules.ts';
import { refuseFeature } from './unsupported-features.ts';

export type ValueMatchType = 'Exact' | 'RegularExpression';

export interface HttpHeaderMatch {
  readonly type: ValueMatchType;
  readonly name: string;
  readonly value: string;
}

export interface HttpRouteMatch {
  /** Where it stands in the manifest: `spec.rules[0].matches[1]`. */
  readonly path: string;
  readonly pathMatch: { readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression'; readonly value: string };
  readonly method: string | null;
  readonly headers: readonly HttpHeaderMatch[];
  /** What of it the mesh cannot evaluate; such a match never holds, rather than holding for too much. */
  readonly unsupported: readonly Violation[];
}

/** Limits of Gateway API v1.7.0, HTTPRouteRule and HTTPRouteMatch. */
const maxMatches = 64;
const maxHeaders = 16;
const maxQueryParams = 16;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;
const pathTypes = ['Exact', 'PathPrefix', 'RegularExpression'] as const;
const valueTypes = ['Exact', 'RegularExpression'] as const;

export function readMatches(node: ManifestNode, unsupported: Violation[]): readonly HttpRouteMatch[] {
  const items = node.items({ max: maxMatches });
  // No matches, like an empty one, means PathPrefix "/" (HTTPRouteRule.matches).
  if (items.length === 0) return [matchOfEverything(node)];
  return items.map((item) => readMatch(item, unsupported));
}

function readMatch(node: ManifestNode, unsupported: Violation[]): HttpRouteMatch {
  const ownUnsupported: Violation[] = [];
  node.object();
  const query = node.field('queryParams');
  if (query.items({ max: maxQueryParams }).length > 0) refuseFeature(query, 'queryParams', ownUnsupported);
  unsupported.push(...ownUnsupported);
  const method = node.field('method');
  const match: HttpRouteMatch = {
    path: node.path,
    pathMatch: readPathMatch(node.field('path').object()),
    method: method.isAbsent ? null : method.oneOf(methods, 'GET'),
    headers: node.field('headers').items({ max: maxHeaders }).map(readHeaderMatch),
    unsupported: ownUnsupported,
  };
  node.warnOfUnknownFields();
  return match;
}

function matchOfEverything(node: ManifestNode): HttpRouteMatch {
  const pathMatch = { type: 'PathPrefix', value: '/' } as const;
  return { path: node.path, pathMatch, method: null, headers: [], unsupported: [] };
}

function readPathMatch(node: ManifestNode): HttpRouteMatch['pathMatch'] {
  const type = node.field('type').oneOf(pathTypes, 'PathPrefix');
  const rule = type === 'RegularExpression' ? atMost(1_024) : plainPath;
  const value = node.field('value').optionalText(rule) ?? '/';
  node.warnOfUnknownFields();
  return { type, value };
}

/** HTTPPathMatch's CEL rules for Exact and PathPrefix. */
const plainPath: TextRule = {
  is: 'an absolute path of at most 1024 characters, without "//", "/./", "/../", "%2f", "#" or a last "/." or "/.."',
  test: (text) =>
    text.length <= 1_024 &&
    /^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/.test(text) &&
    !/\/\/|\/\.\.?(\/|$)|%2[fF]/.test(text),
};

function readHeaderMatch(node: ManifestNode): HttpHeaderMatch {
  node.object({ isRequired: true });
  const match: HttpHeaderMatch = {
    type: node.field('type').oneOf(valueTypes, 'Exact'),
    name: node.field('name').text(headerName),
    value: node.field('value').text(atMost(4_096)),
  };
  node.warnOfUnknownFields();
  return match;
}
