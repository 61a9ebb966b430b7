import { defaults, objectKey, type PeerAuthentication, type Pod } from '@tulle/api';
import type { MtlsMode, MtlsRule } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { compareAge, compareText, createdMsOf, inKeyOrder } from './order.ts';
import { type PolicyUse, peerAuthenticationStatus } from './policy-status.ts';
import type { PolicyStatus } from './translated.ts';

/** What holds on the ports of one pod. */
export interface PodMtls {
  /** For every port that is not in `byPort`. */
  readonly byDefault: MtlsRule;
  readonly byPort: ReadonlyMap<number, MtlsRule>;
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

/**
 * Which rule holds for a pod and a port: the narrowest of those for the port, the workload, the namespace, the
 * mesh, and MeshConfig's. UNSET inherits from the next wider. Of two policies at one level one holds, as a
 * whole: the oldest, then the first by name. All as Istio has it.
 */
export class MtlsModes {
  readonly #byNamespace = new Map<string, NamespacePolicies>();
  /** Of pods that a policy selects, by that policy. */
  readonly #selected = new Map<PeerAuthentication, PodMtls>();
  readonly #uses = new Map<PeerAuthentication, PolicyUse>();
  readonly #usesByKey = new Map<string, PolicyUse>();
  /** Of the policies that make a rule what it is: those that it names, and one that selects. */
  readonly #sources = new Map<PodMtls, readonly PolicyUse[]>();
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

  /** Asked for each meshed pod once: the answers make the policies' statuses. */
  of(pod: Pod): PodMtls {
    const own = this.#byNamespace.get(pod.metadata.namespace);
    const winner = own === undefined ? null : this.#winnerOf(pod, own);
    const mtls = this.#rulesOf(own, winner);
    for (const { pods } of this.#sourcesOf(mtls, winner)) pods.push(objectKey(pod));
    return mtls;
  }

  #winnerOf(pod: Pod, own: NamespacePolicies): PeerAuthentication | null {
    let winner: PeerAuthentication | null = null;
    for (const policy of own.selecting) {
      if (!selects(policy, pod)) continue;
      const use = this.#uses.get(policy)!;
      use.selected++;
      if (winner === null) winner = policy;
      else {
        use.conflicts++;
        use.winners.add(objectKey(winner));
      }
    }
    return winner;
  }

  #rulesOf(own: NamespacePolicies | undefined, winner: PeerAuthentication | null): PodMtls {
    if (own === undefined) return this.#mesh;
    if (winner === null) return own.rule;
    const known = this.#selected.get(winner) ?? podMtls(winner, own.rule.byDefault);
    this.#selected.set(winner, known);
    return known;
  }

  #sourcesOf(mtls: PodMtls, winner: PeerAuthentication | null): readonly PolicyUse[] {
    const known = this.#sources.get(mtls);
    if (known !== undefined) return known;
    const named = new Set([mtls.byDefault, ...mtls.byPort.values()].map(({ policy }) => policy));
    if (winner !== null) named.add(objectKey(winner));
    // `default` and `MeshConfig` are no policies' keys.
    const sources = [...named].flatMap((key) => this.#usesByKey.get(key) ?? []);
    this.#sources.set(mtls, sources);
    return sources;
  }

  /** After `of` has been asked for every pod of the mesh. */
  statuses(policies: Policies): readonly PolicyStatus[] {
    return inKeyOrder(policies.PeerAuthentication).map((policy) =>
      peerAuthenticationStatus(policy, this.#uses.get(policy)!),
    );
  }

  #add(policy: PeerAuthentication): void {
    const { namespace } = policy.metadata;
    const own = this.#byNamespace.get(namespace) ?? { wide: [], selecting: [], rule: everywhere(builtIn) };
    this.#byNamespace.set(namespace, own);
    const use: PolicyUse = { selected: 0, conflicts: 0, winners: new Set(), pods: [] };
    this.#uses.set(policy, use);
    this.#usesByKey.set(objectKey(policy), use);
    if (policy.selector.size > 0) own.selecting.push(policy);
    else {
      own.wide.push(policy);
      if (own.wide.length > 1) use.winners.add(objectKey(own.wide[0]!));
    }
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
