import type { RawObject } from '@tulle/kubernetes';

/** How the mesh signs what it writes into a route's status (Gateway API, controllerName). */
export const meshControllerName = 'tulle.dev/mesh-controller';

/** The route without the mesh's entries in its status; null where it has none. Others' stay as they are. */
export function withoutOurParents(route: RawObject): RawObject | null {
  const status = route.status as
    | { readonly parents?: readonly { readonly controllerName?: string }[] }
    | undefined;
  const parents = status?.parents ?? [];
  const others = parents.filter(({ controllerName }) => controllerName !== meshControllerName);
  return others.length === parents.length ? null : { ...route, status: { ...status, parents: others } };
}
