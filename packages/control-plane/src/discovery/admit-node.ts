import { formatSpiffeId, parseName, type SpiffeId } from '@tulle/model';
import type { ClientView, Snapshot } from '../snapshot/snapshot.ts';

type PodIdentities = Pick<Snapshot, 'identityOf'>;

export type Admission =
  | { readonly ok: true; readonly client: ClientView }
  | { readonly ok: false; readonly code: 'INVALID_ARGUMENT' | 'PERMISSION_DENIED'; readonly reason: string };

/** A namespace and a pod's name, at their longest. */
const maxNodeIdChars = 63 + 1 + 253;

/**
 * Who a stream is for. The node id is what the client says, the identity what its certificate proves: a
 * service account's pods are told apart by the former. A pod that the snapshot does not know may have started a
 * moment ago: whoever names it is admitted, and judged by `foreignNode` as soon as it is known.
 */
export function admitNode(nodeId: string, identity: SpiffeId, snapshot: PodIdentities | null): Admission {
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
  const client = { namespace, serviceAccount, workload: nodeId };
  const reason = foreignNode(client, snapshot);
  return reason === null ? { ok: true, client } : { ok: false, code: 'PERMISSION_DENIED', reason };
}

/** Why the client cannot be the pod that it names: that one is of another service account. Null: it may be. */
export function foreignNode(client: ClientView, snapshot: PodIdentities | null): string | null {
  const { workload, namespace, serviceAccount } = client;
  const known = snapshot?.identityOf(workload) ?? null;
  if (known === null || (known.namespace === namespace && known.serviceAccount === serviceAccount))
    return null;
  return (
    `node ${workload} is a pod of service account ${known.serviceAccount}, and the certificate is one of ` +
    `${serviceAccount}: give the proxy a token of the pod's own account, or the TULLE_WORKLOAD that it is. ` +
    'Of a pod that was just made anew under this name the control plane may yet have to hear: connect again'
  );
}
