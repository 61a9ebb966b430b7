import { objectKey, type Pod } from '@tulle/api';
import type { EndpointTransport, SpiffeId } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { identityOf, isMeshed } from './membership.ts';
import type { MtlsModes, PodMtls } from './mtls-modes.ts';
import { inKeyOrder } from './order.ts';
import { type PodPort, podTargets } from './pod-ports.ts';
import type { JoinedPort } from './slice-join.ts';
import type { TranslateOptions } from './translate-options.ts';

/** A pod with what workloads, endpoints and peers have to know of it, each found once. */
export interface MeshPod {
  /** `<namespace>/<pod>` */
  readonly key: string;
  readonly pod: Pod;
  /** The primary one first; empty until it has one. */
  readonly addresses: readonly string[];
  /** Null: outside the mesh. */
  readonly identity: SpiffeId | null;
  /** Ports that some service leads to. */
  readonly ports: readonly PodPort[];
  readonly mtls: PodMtls;
  /** On ports that take mutual TLS; in plain to a pod outside the mesh. */
  readonly meshTransport: EndpointTransport;
}

const plain: EndpointTransport = { kind: 'plain' };
const none: readonly PodPort[] = [];
/** Of a pod that has no sidecar. */
const outside: PodMtls = { byDefault: { mode: 'disable', policy: 'default' }, byPort: new Map() };

/** By `<namespace>/<pod>`, in that order. */
export function meshPods(
  resources: ResourceSet,
  joined: readonly JoinedPort[],
  { modes, trustDomain }: Pick<TranslateOptions, 'trustDomain'> & { readonly modes: MtlsModes },
): ReadonlyMap<string, MeshPod> {
  const targets = podTargets(joined);
  const pods = inKeyOrder(resources.Pod).map((pod): [string, MeshPod] => {
    const key = objectKey(pod);
    const own = targets.get(key);
    const addresses = pod.podIps.length > 0 || own === undefined ? pod.podIps : [own.address];
    const identity = isMeshed(pod, resources) ? identityOf(pod, trustDomain) : null;
    const mtls = identity === null ? outside : modes.of(pod);
    const meshTransport: EndpointTransport =
      identity === null
        ? plain
        : { kind: 'mtls', identity, meshPort: pod.isCaptured ? null : pod.inboundPort };
    return [key, { key, pod, addresses, identity, ports: own?.ports ?? none, mtls, meshTransport }];
  });
  return new Map(pods);
}

/** How a port of the pod is spoken to; null: one that nothing names. */
export function transportTo({ meshTransport, mtls }: MeshPod, port: number | null): EndpointTransport {
  const rule = port === null ? mtls.byDefault : (mtls.byPort.get(port) ?? mtls.byDefault);
  return rule.mode === 'disable' ? plain : meshTransport;
}
