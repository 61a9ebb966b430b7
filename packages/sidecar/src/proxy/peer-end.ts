import { parseName, parseSpiffeId } from '@tulle/model';
import type { UpstreamEndpoint } from '../config/mesh-view.ts';
import { type EdgeEnd, unknownEnd } from '../metrics.ts';

/** An endpoint as metrics name it. */
export function endOf({ workload, owner, mesh }: UpstreamEndpoint): EdgeEnd {
  const name = parseName(workload);
  return {
    workload: owner || (name?.name ?? unknownEnd.workload),
    namespace: name?.namespace ?? unknownEnd.namespace,
    identity: mesh?.spiffeId ?? '',
  };
}

/** A caller as metrics name it, by the identity that was verified; empty where there is none. */
export function endOfCaller(spiffeId: string, owner: string): EdgeEnd {
  const namespace = parseSpiffeId(spiffeId)?.namespace ?? unknownEnd.namespace;
  return { workload: owner || unknownEnd.workload, namespace, identity: spiffeId };
}
