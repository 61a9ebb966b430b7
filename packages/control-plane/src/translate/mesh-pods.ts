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
  transport(port: number): EndpointTransport;
  /** For ports that nothing names. */
  readonly transportByDefault: EndpointTransport;
}

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
    const listed = own === undefined ? [] : [own.address];
    const addresses = pod.podIps.length > 0 ? pod.podIps : listed;
    const identity = isMeshed(pod, resources) ? identityOf(pod, trustDomain) : null;
    const mtls = identity === null ? outside : modes.of(pod);
    const facts = { key, pod, addresses, identity, ports: own?.ports ?? [], mtls };
    return [key, { ...facts, ...transportsOf(pod, identity, mtls) }];
  });
  return new Map(pods);
}

const plain: EndpointTransport = { kind: 'plain' };

/** In plain to a pod outside the mesh, and to ports that take nothing else. */
function transportsOf(
  { isCaptured, inboundPort }: Pod,
  identity: SpiffeId | null,
  { byDefault, byPort }: PodMtls,
): Pick<MeshPod, 'transport' | 'transportByDefault'> {
  if (identity === null) return { transport: () => plain, transportByDefault: plain };
  const meshed: EndpointTransport = { kind: 'mtls', identity, meshPort: isCaptured ? null : inboundPort };
  const transport = (port: number) => ((byPort.get(port) ?? byDefault).mode === 'disable' ? plain : meshed);
  return { transport, transportByDefault: byDefault.mode === 'disable' ? plain : meshed };
}
