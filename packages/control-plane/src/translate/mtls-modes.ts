import { defaults, objectKey, type PeerAuthentication, type Pod } from '@tulle/api';
import type { MtlsMode, MtlsRule } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { compareAge, compareText, createdMsOf } from './order.ts';

/** What holds on the ports of one pod. */
export interface PodMtls {
  /** For every port that is not in `byPort`. */
  readonly byDefault: MtlsRule;
  readonly byPort: ReadonlyMap<number, MtlsRule>;
}

/** What holds for a pod, and by whose will. */
export interface PodPolicies {
  readonly mtls: PodMtls;
  /** Those whose selector the pod has, the one that holds first. */
  readonly selecting: readonly PeerAuthentication[];
}

type Policies = Pick<ResourceSet, 'PeerAuthentication' | 'MeshConfig'>;

/** The policies of one namespace, those that are in force first. */
interface NamespacePolicies {
  /** Without a selector. */
  readonly wide: PeerAuthentication[];
  readonly selecting: PeerAuthentication[];
  /** For pods that no policy selects. */
  rule: PodMtls;
}

const builtIn: MtlsRule = { mode: 'permissive', policy: 'default' };

const none: readonly PeerAuthentication[] = [];

/**
 * Which rule holds for a pod and a port: the narrowest of those for the port, the workload, the namespace, the
 * mesh, and MeshConfig's. UNSET inherits from the next wider. Of two policies at one level one holds, as a
 * whole: the oldest, then the first by name. All as Istio has it.
 */
export class MtlsModes {
  readonly #byNamespace = new Map<string, NamespacePolicies>();
  /** Of pods that a policy selects, by that policy. */
  readonly #selected = new Map<PeerAuthentication, PodMtls>();
  readonly #mesh: PodMtls;

  constructor(policies: Policies, meshNamespace: string) {
    for (const policy of [...policies.PeerAuthentication.values()].sort(byPrecedence)) this.#add(policy);
    const config = policies.MeshConfig.get(defaults.meshConfigName);
    const byConfig = narrowed(builtIn, config?.mtlsMode ?? null, 'MeshConfig');
    this.#mesh = everywhere(ruleOf(byConfig, this.#byNamespace.get(meshNamespace)?.wide[0]));
    for (const [namespace, own] of this.#byNamespace) {
      const isMesh = namespace === meshNamespace;
      own.rule = isMesh ? this.#mesh : everywhere(ruleOf(this.#mesh.byDefault, own.wide[0]));
    }
  }

  /** Pods for which the same policies hold have the same rules, as an object too. */
  of(pod: Pod): PodPolicies {
    const own = this.#byNamespace.get(pod.metadata.namespace);
    if (own === undefined) return { mtls: this.#mesh, selecting: none };
    const matching = own.selecting.filter((policy) => selects(policy, pod));
    const [winner] = matching;
    if (winner === undefined) return { mtls: own.rule, selecting: none };
    const known = this.#selected.get(winner) ?? podMtls(winner, own.rule.byDefault);
    this.#selected.set(winner, known);
    return { mtls: known, selecting: matching };
  }

  /** Those without a selector in whose place an older one holds, each with that one. */
  outdated(): readonly (readonly [PeerAuthentication, PeerAuthentication])[] {
    return [...this.#byNamespace.values()].flatMap(({ wide: [oldest, ...others] }) =>
      others.map((policy) => [policy, oldest!] as const),
    );
  }

  #add(policy: PeerAuthentication): void {
    const { namespace } = policy.metadata;
    const own = this.#byNamespace.get(namespace) ?? { wide: [], selecting: [], rule: everywhere(builtIn) };
    this.#byNamespace.set(namespace, own);
    (policy.selector.size > 0 ? own.selecting : own.wide).push(policy);
  }
}

function byPrecedence(a: PeerAuthentication, b: PeerAuthentication): number {
  return compareAge(createdMsOf(a), createdMsOf(b)) || compareText(objectKey(a), objectKey(b));
}

function selects({ selector }: PeerAuthentication, pod: Pod): boolean {
  for (const [key, value] of selector) if (pod.metadata.labels.get(key) !== value) return false;
  return true;
}

function everywhere(byDefault: MtlsRule): PodMtls {
  return { byDefault, byPort: new Map() };
}

function podMtls(policy: PeerAuthentication, wider: MtlsRule): PodMtls {
  const byDefault = ruleOf(wider, policy);
  const byPort = new Map<number, MtlsRule>();
  for (const [port, mode] of policy.portModes) {
    if (mode !== null) byPort.set(port, narrowed(byDefault, mode, objectKey(policy)));
  }
  return { byDefault, byPort };
}

function ruleOf(wider: MtlsRule, policy: PeerAuthentication | undefined): MtlsRule {
  return policy === undefined ? wider : narrowed(wider, policy.mode, objectKey(policy));
}

function narrowed(wider: MtlsRule, mode: MtlsMode | null, policy: string): MtlsRule {
  return mode === null ? wider : { mode, policy };
}
