import { type ResourceKind, resourceKinds } from '@tulle/model';

/** What a resource kind is called in discovery requests and inside `google.protobuf.Any`. */
export const typeUrls: Readonly<Record<ResourceKind, string>> = {
  service: 'type.googleapis.com/tulle.mesh.v1.Service',
  peer: 'type.googleapis.com/tulle.mesh.v1.Peer',
  endpoints: 'type.googleapis.com/tulle.mesh.v1.EndpointSet',
  routes: 'type.googleapis.com/tulle.mesh.v1.RouteTable',
  workload: 'type.googleapis.com/tulle.mesh.v1.Workload',
  trustBundle: 'type.googleapis.com/tulle.mesh.v1.TrustBundle',
};

const kinds: ReadonlyMap<string, ResourceKind> = new Map(resourceKinds.map((kind) => [typeUrls[kind], kind]));

/** The kind that a type URL means, or null where it is none of the mesh's. */
export function kindOfTypeUrl(typeUrl: string): ResourceKind | null {
  return kinds.get(typeUrl) ?? null;
}
