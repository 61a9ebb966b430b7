import type { KubernetesKind } from '../manifest.ts';
import {
  type CustomResource,
  type CustomResourceDefinition,
  customResourceDefinition,
} from './custom-resource.ts';
import { meshConfig } from './mesh-config.ts';
import { peerAuthentication } from './peer-authentication.ts';

type PlatformKind =
  | 'Namespace'
  | 'Service'
  | 'EndpointSlice'
  | 'Pod'
  | 'Node'
  | 'NetworkPolicy'
  | 'HTTPRoute';

/** The kinds of the mesh's own: a new one among those that are read makes the compiler ask for its definition. */
export type TulleKind = Exclude<KubernetesKind, PlatformKind>;

const resources: Readonly<Record<TulleKind, CustomResource>> = {
  MeshConfig: meshConfig,
  PeerAuthentication: peerAuthentication,
};

/** The CustomResourceDefinitions that an installation brings, in order of their kinds. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] =
  Object.values(resources).map(customResourceDefinition);
