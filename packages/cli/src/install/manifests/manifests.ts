import { controlPlane } from './control-plane.ts';
import { controlPlaneAccess } from './control-plane-access.ts';
import { customResources } from './custom-resources.ts';
import { injector } from './injector.ts';
import { injectorAccess } from './injector-access.ts';
import type { ManifestFamily } from './manifest.ts';
import { operatorRoles } from './operator-roles.ts';
import { record } from './record.ts';
import { webhooks } from './webhooks.ts';

/** Everything that an installation brings, in the order in which it is applied. */
export const manifestFamilies: readonly ManifestFamily[] = [
  customResources,
  operatorRoles,
  controlPlaneAccess,
  injectorAccess,
  controlPlane,
  injector,
  record,
  // Last: what they ask has to be there.
  webhooks,
];
