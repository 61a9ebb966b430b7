import { type ResourceType, resourceTypes } from '@tulle/kubernetes';
import type { DesiredStatus } from '../desired-status.ts';

/** The objects whose statuses the mesh writes, as the API server serves them. */
export const statusTypes: Readonly<Record<DesiredStatus['kind'], ResourceType>> = {
  HTTPRoute: resourceTypes.httpRoutes,
  PeerAuthentication: resourceTypes.peerAuthentications,
  MeshConfig: resourceTypes.meshConfigs,
};

export const statusKinds = Object.keys(statusTypes) as readonly DesiredStatus['kind'][];
