import type { EndpointSet } from './endpoint.ts';
import { formatName, formatServicePort } from './names.ts';
import type { Peer } from './peer.ts';
import type { RouteTable } from './route.ts';
import type { Service } from './service.ts';
import type { TrustBundle } from './trust-bundle.ts';
import type { Workload } from './workload.ts';

/** Everything that discovery carries, by kind. Adding a kind makes the compiler name each stage that lacks it. */
export interface MeshResources {
  readonly service: Service;
  readonly peer: Peer;
  readonly endpoints: EndpointSet;
  readonly routes: RouteTable;
  readonly workload: Workload;
  readonly trustBundle: TrustBundle;
}

export type ResourceKind = keyof MeshResources;
export type MeshResource = MeshResources[ResourceKind];

/** In make-before-break order: what is referred to comes before what refers to it. */
export const resourceKinds: readonly ResourceKind[] = [
  'trustBundle',
  'workload',
  'service',
  'peer',
  'endpoints',
  'routes',
];

/** The name that a resource goes by on the wire. */
export const resourceName: { readonly [K in ResourceKind]: (resource: MeshResources[K]) => string } = {
  service: formatName,
  peer: formatName,
  endpoints: formatServicePort,
  routes: formatServicePort,
  workload: formatName,
  trustBundle: (bundle) => bundle.trustDomain,
};
