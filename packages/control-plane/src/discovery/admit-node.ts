import { formatSpiffeId, parseName, type SpiffeId } from '@tulle/model';
import type { ClientView } from '../snapshot/snapshot.ts';

export type Admission =
  | { readonly ok: true; readonly client: ClientView }
  | { readonly ok: false; readonly code: 'INVALID_ARGUMENT' | 'PERMISSION_DENIED'; readonly reason: string };

/** A namespace and a pod's name, at their longest. */
const maxNodeIdChars = 63 + 1 + 253;

/**
 * Who a stream is for. The node id is what the client says, the identity what its certificate proves: a
 * service account's pods are told apart by the former, within the namespace of the latter.
 */
export function admitNode(nodeId: string, identity: SpiffeId): Admission {
  if (nodeId === '') {
    const reason = 'the first request must carry node.id, as <namespace>/<pod>';
    return { ok: false, code: 'INVALID_ARGUMENT', reason };
  }
  const name = nodeId.length <= maxNodeIdChars ? parseName(nodeId) : null;
  if (name === null) {
    const reason = `node.id must be <namespace>/<pod>, not ${JSON.stringify(nodeId.slice(0, 100))}`;
    return { ok: false, code: 'INVALID_ARGUMENT', reason };
  }
  if (name.namespace !== identity.namespace) {
    const reason =
      `node ${nodeId} is not of the namespace of the certificate's identity ${formatSpiffeId(identity)}: ` +
      'the proxy has a foreign certificate or a wrong TULLE_WORKLOAD';
    return { ok: false, code: 'PERMISSION_DENIED', reason };
  }
  const { namespace, serviceAccount } = identity;
  return { ok: true, client: { namespace, serviceAccount, workload: nodeId } };
}
