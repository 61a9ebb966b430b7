import { apiVersionOf, type KubernetesClient } from '@tulle/kubernetes';
import { type PresentObject, presentObject } from './present-statuses.ts';
import { statusTypes } from './status-types.ts';

/** What is needed of the API server. */
export type StatusClient = Pick<KubernetesClient, 'get' | 'replace' | 'apply'>;

const fieldManager = 'tulle-control-plane';

/**
 * A route's status is shared with other controllers and its list is atomic: it is replaced as a whole, if the
 * object is still the one that was read. Those of the mesh's own kinds are applied: nobody else writes them.
 *
 * Verbs that a role needs: `get`, `list` and `watch` on the kinds, `update` on httproutes/status, `patch` on
 * peerauthentications/status and meshconfigs/status.
 */
export async function writeStatus(
  client: StatusClient,
  object: PresentObject,
  status: Readonly<Record<string, unknown>>,
): Promise<PresentObject> {
  const { kind, namespace, name, uid, resourceVersion } = object;
  const type = statusTypes[kind];
  const ref = namespace === '' ? { name, uid } : { namespace, name, uid };
  if (kind === 'HTTPRoute') {
    const body = { apiVersion: apiVersionOf(type), kind, metadata: { ...ref, resourceVersion }, status };
    return presentObject(kind, await client.replace(type, body, { subresource: 'status' }));
  }
  const options = { fieldManager, isForced: true, subresource: 'status' } as const;
  const applied = { metadata: ref, status: { conditions: status.conditions } };
  return presentObject(kind, await client.apply(type, applied, options));
}
