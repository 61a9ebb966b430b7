import type { Pod } from '@tulle/api';
import type { EndpointTransport, SpiffeId } from '@tulle/model';
import { isSameContent } from '../same-content.ts';
import type { ResourceSet } from '../sources/resource-set.ts';
import { addChangedKeys, isSameList } from './changes.ts';
import { identityOf, isMeshed } from './membership.ts';
import type { MtlsModes, PodMtls, PodPolicies } from './mtls-modes.ts';
import { KeyOrder } from './order.ts';
import type { PodPort, PodPortIndex, PodTargets } from './pod-ports.ts';
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

export interface MeshPodsUpdate {
  /** In the order of their keys; the same list where nothing changed. */
  readonly list: readonly MeshPod[];
  readonly byKey: ReadonlyMap<string, MeshPod>;
  /** Keys of those that the update before did not have so. */
  readonly changed: ReadonlySet<string>;
  /** What holds for those that are in the mesh, and whether the update before had that so too. */
  readonly policies: ReadonlyMap<string, PodPolicies>;
  readonly arePoliciesChanged: boolean;
}

interface MeshPodInputs {
  readonly resources: ResourceSet;
  readonly modes: MtlsModes;
  readonly ports: PodPortIndex;
  /** Pods of which `ports` may say something else than before. */
  readonly touched: ReadonlySet<string>;
}

/** Looks anew only at pods of which something changed: the pod, its namespace, what leads to it, a policy. */
export class MeshPodStage {
  readonly #trustDomain: string;
  readonly #order = new KeyOrder();
  readonly #pods = new Map<string, MeshPod>();
  readonly #policies = new Map<string, PodPolicies>();
  #list: readonly MeshPod[] = [];
  #before: { readonly resources: ResourceSet; readonly modes: MtlsModes } | null = null;

  constructor({ trustDomain }: TranslateOptions) {
    this.#trustDomain = trustDomain;
  }

  update(inputs: MeshPodInputs): MeshPodsUpdate {
    const { resources, modes } = inputs;
    const changed = new Set<string>();
    let arePoliciesChanged = this.#before?.modes !== modes;
    for (const key of this.#due(inputs)) {
      const { isChanged, policies } = this.#look(key, inputs);
      if (isChanged) changed.add(key);
      arePoliciesChanged = this.#takePolicies(key, policies) || arePoliciesChanged;
    }
    this.#before = { resources, modes };
    if (changed.size > 0) this.#list = this.#order.of(resources.Pod).map((key) => this.#pods.get(key)!);
    return { list: this.#list, byKey: this.#pods, changed, policies: this.#policies, arePoliciesChanged };
  }

  /** The pods that have to be looked at. */
  #due({ resources, modes, touched }: MeshPodInputs): Iterable<string> {
    const due = new Set<string>();
    const before = this.#before;
    if (before === null) return resources.Pod.keys();
    addChangedKeys(due, before.resources.Pod, resources.Pod);
    if (before.modes !== modes) return new Set([...due, ...resources.Pod.keys()]);
    const namespaces = new Set<string>();
    addChangedKeys(namespaces, before.resources.Namespace, resources.Namespace);
    if (namespaces.size > 0) {
      for (const [key, { metadata }] of resources.Pod) if (namespaces.has(metadata.namespace)) due.add(key);
    }
    for (const key of touched) due.add(key);
    return due;
  }

  #look(
    key: string,
    { resources, modes, ports }: MeshPodInputs,
  ): { readonly isChanged: boolean; readonly policies: PodPolicies | null } {
    const pod = resources.Pod.get(key);
    if (pod === undefined) return { isChanged: this.#pods.delete(key), policies: null };
    const identity = isMeshed(pod, resources) ? identityOf(pod, this.#trustDomain) : null;
    const policies = identity === null ? null : modes.of(pod);
    const next = meshPod(pod, { key, identity, mtls: policies?.mtls ?? outside, targets: ports.of(key) });
    const known = this.#pods.get(key);
    const isChanged = known === undefined || known.pod !== pod || !isSameContent(known, next);
    if (isChanged) this.#pods.set(key, next);
    return { isChanged, policies };
  }

  #takePolicies(key: string, policies: PodPolicies | null): boolean {
    if (isSamePolicies(this.#policies.get(key) ?? null, policies)) return false;
    if (policies === null) this.#policies.delete(key);
    else this.#policies.set(key, policies);
    return true;
  }
}

function isSamePolicies(a: PodPolicies | null, b: PodPolicies | null): boolean {
  if (a === null || b === null) return a === b;
  return a.mtls === b.mtls && isSameList(a.selecting, b.selecting);
}

interface PodFacts extends Pick<MeshPod, 'key' | 'identity' | 'mtls'> {
  readonly targets: PodTargets | undefined;
}

function meshPod(pod: Pod, { key, identity, mtls, targets }: PodFacts): MeshPod {
  const addresses = pod.podIps.length > 0 || targets === undefined ? pod.podIps : [targets.address];
  const meshTransport: EndpointTransport =
    identity === null ? plain : { kind: 'mtls', identity, meshPort: pod.isCaptured ? null : pod.inboundPort };
  return { key, pod, addresses, identity, ports: targets?.ports ?? none, mtls, meshTransport };
}

/** How a port of the pod is spoken to; null: one that nothing names. */
export function transportTo({ meshTransport, mtls }: MeshPod, port: number | null): EndpointTransport {
  const rule = port === null ? mtls.byDefault : (mtls.byPort.get(port) ?? mtls.byDefault);
  return rule.mode === 'disable' ? plain : meshTransport;
}
