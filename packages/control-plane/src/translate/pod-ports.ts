import { type AppProtocol, formatName, formatServicePort } from '@tulle/model';
import { compareText } from './order.ts';
import type { JoinedPort, JoinUpdate } from './slice-join.ts';

/** A port of a pod that some service leads to. */
export interface PodPort {
  readonly port: number;
  readonly protocol: AppProtocol;
  readonly services: readonly string[];
}

/** What the slices say of a pod. */
export interface PodTargets {
  /** For a manifest written by hand without a status. */
  readonly address: string;
  /** In the order of their numbers. */
  readonly ports: readonly PodPort[];
}

interface Gathered {
  readonly address: string;
  readonly ports: GatheredPort[];
}

/** Plain lists: nearly every pod has a port or two, each of one service. */
interface GatheredPort {
  readonly port: number;
  readonly protocols: AppProtocol[];
  readonly services: string[];
}

/** One mention of a pod by a service's port. */
interface PodMention {
  readonly joined: JoinedPort;
  readonly address: string;
  readonly port: number;
}

const none: readonly PodMention[] = [];

/**
 * By `<namespace>/<pod>` the ports that some service leads to. Readiness does not count: a pod that drains, or
 * that a peer still holds for ready, must take what is sent to it.
 */
export class PodPortIndex {
  readonly #mentions = new Map<string, readonly PodMention[]>();

  /** The pods that are mentioned where something changed. */
  update({ added, removed }: JoinUpdate): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const joined of removed) addPods(touched, joined);
    const gone = new Set(removed);
    for (const pod of touched) this.#keep(pod, ({ joined }) => !gone.has(joined));
    const fresh = new Map<string, PodMention[]>();
    for (const joined of added) {
      for (const { endpoint, port } of joined.targets) {
        if (endpoint.pod === null) continue;
        const own = fresh.get(endpoint.pod) ?? [];
        if (own.length === 0) fresh.set(endpoint.pod, own);
        own.push({ joined, address: endpoint.address, port });
      }
    }
    for (const [pod, mentions] of fresh) {
      touched.add(pod);
      this.#mentions.set(pod, [...(this.#mentions.get(pod) ?? none), ...mentions].sort(byServicePort));
    }
    return touched;
  }

  /** Undefined: no service leads to the pod. */
  of(pod: string): PodTargets | undefined {
    const mentions = this.#mentions.get(pod);
    return mentions === undefined ? undefined : settle(gather(mentions));
  }

  /** The service ports that lead to the pod. */
  joinedPortsOf(pod: string): readonly JoinedPort[] {
    return (this.#mentions.get(pod) ?? none).map(({ joined }) => joined);
  }

  #keep(pod: string, isKept: (mention: PodMention) => boolean): void {
    const kept = (this.#mentions.get(pod) ?? none).filter(isKept);
    if (kept.length === 0) this.#mentions.delete(pod);
    else this.#mentions.set(pod, kept);
  }
}

function addPods(pods: Set<string>, { targets }: JoinedPort): void {
  for (const { endpoint } of targets) if (endpoint.pod !== null) pods.add(endpoint.pod);
}

function byServicePort(
  { joined: { servicePort: a } }: PodMention,
  { joined: { servicePort: b } }: PodMention,
) {
  return a === b ? 0 : compareText(formatName(a), formatName(b)) || a.port - b.port;
}

function gather(mentions: readonly PodMention[]): Gathered {
  const ports: GatheredPort[] = [];
  for (const { joined, port } of mentions) {
    const service = formatServicePort(joined.servicePort);
    const known = ports.find((candidate) => candidate.port === port);
    if (known === undefined) ports.push({ port, protocols: [joined.protocol], services: [service] });
    // A service's mentions come together: the same one twice is two slices of it.
    else if (known.services.at(-1) !== service) {
      known.protocols.push(joined.protocol);
      known.services.push(service);
    }
  }
  return { address: mentions[0]!.address, ports };
}

function settle({ address, ports: gathered }: Gathered): PodTargets {
  const ports = gathered
    .map(({ port, protocols, services }) => ({
      port,
      protocol: agreedProtocol(protocols),
      services: services.sort(compareText),
    }))
    .sort((a, b) => a.port - b.port);
  return { address, ports };
}

/** Of services that share a port, those that declare nothing agree with any; where two differ, the bytes decide. */
function agreedProtocol(protocols: readonly AppProtocol[]): AppProtocol {
  const declared = protocols.find((protocol) => protocol !== 'detect') ?? 'detect';
  const agrees = protocols.every((protocol) => protocol === 'detect' || protocol === declared);
  return agrees ? declared : 'detect';
}
