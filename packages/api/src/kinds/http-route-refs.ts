import type { Violation } from '@tulle/model';
import { apiGroups } from '../labels.ts';
import type { ManifestNode } from '../manifest-node.ts';
import { atMost, dnsLabel, dnsSubdomain } from '../text-rules.ts';
import { portRange } from './ports.ts';
import { refuseFeature } from './unsupported-features.ts';

export interface ParentRef {
  readonly group: string;
  readonly kind: string;
  /** Null: the route's own. */
  readonly namespace: string | null;
  readonly name: string;
  /** A port's name; null means every one. */
  readonly sectionName: string | null;
  readonly port: number | null;
  /** As it was written: a status repeats it word for word, since tools compare it deeply. */
  readonly verbatim: Readonly<Record<string, unknown>>;
}

export interface BackendRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  /** The service's port, not the pods'. Null where the reference is to a kind that has none. */
  readonly port: number | null;
  readonly weight: number;
  /** As `HttpRouteRule.unsupportedFilters`, for this backend's share. */
  readonly unsupportedFilters: readonly Violation[];
}

/** Limits of Gateway API v1.7.0: CommonRouteSpec, HTTPRouteRule, BackendRef. */
const maxParentRefs = 32;
const maxBackendRefs = 16;
const maxFilters = 16;
const maxWeight = 1_000_000;

export function readParentRefs(node: ManifestNode): readonly ParentRef[] {
  return node.items({ max: maxParentRefs }).map(readParentRef);
}

function readParentRef(node: ManifestNode): ParentRef {
  node.object({ isRequired: true });
  const reference: ParentRef = {
    group: node.field('group').optionalText(groupName) ?? apiGroups.gateway,
    kind: node.field('kind').optionalText(atMost(63)) ?? 'Gateway',
    namespace: node.field('namespace').optionalText(dnsLabel),
    name: node.field('name').text(dnsSubdomain),
    sectionName: node.field('sectionName').optionalText(dnsSubdomain),
    port: node.field('port').optionalInteger(portRange),
    verbatim: node.value as Readonly<Record<string, unknown>>,
  };
  node.warnOfUnknownFields();
  return reference;
}

export function readBackendRefs(node: ManifestNode, unsupported: Violation[]): readonly BackendRef[] {
  return node.items({ max: maxBackendRefs }).map((item) => readBackendRef(item, unsupported));
}

function readBackendRef(node: ManifestNode, unsupported: Violation[]): BackendRef {
  node.object({ isRequired: true });
  const filters: Violation[] = [];
  for (const filter of node.field('filters').items({ max: maxFilters })) {
    const type = filter.object({ isRequired: true }).field('type').text(atMost(63));
    refuseFeature(filter, `the filter ${type}`, filters);
  }
  unsupported.push(...filters);
  const reference: BackendRef = {
    group: node.field('group').optionalText(groupName) ?? '',
    kind: node.field('kind').optionalText(atMost(63)) ?? 'Service',
    namespace: node.field('namespace').optionalText(dnsLabel),
    name: node.field('name').text(dnsSubdomain),
    port: node.field('port').optionalInteger(portRange),
    weight: node.field('weight').optionalInteger({ min: 0, max: maxWeight }) ?? 1,
    unsupportedFilters: filters,
  };
  if (reference.group === '' && reference.kind === 'Service' && node.field('port').isAbsent) {
    node.field('port').violate('is required for a Service');
  }
  node.warnOfUnknownFields();
  return reference;
}

const groupName = { is: dnsSubdomain.is, test: (text: string) => text === '' || dnsSubdomain.test(text) };
