import type { KubernetesKind } from '@tulle/api';
import type { MakeReflector } from './kind-reflector.ts';
import { KindTable } from './kind-table.ts';

export type KindTables = { readonly [K in KubernetesKind]: KindTable<K> };

/** Written out, so that each kind's table has its own type; the compiler lists what a new kind lacks. */
export function kindTables(reflect: MakeReflector): KindTables {
  return {
    Namespace: new KindTable('Namespace', reflect),
    Service: new KindTable('Service', reflect),
    EndpointSlice: new KindTable('EndpointSlice', reflect),
    Pod: new KindTable('Pod', reflect),
    Node: new KindTable('Node', reflect),
    NetworkPolicy: new KindTable('NetworkPolicy', reflect),
    HTTPRoute: new KindTable('HTTPRoute', reflect),
    PeerAuthentication: new KindTable('PeerAuthentication', reflect),
    MeshConfig: new KindTable('MeshConfig', reflect),
  };
}
