import type { ManifestNode } from '../manifest-node.ts';
import { quantity } from '../text-rules.ts';

/** What a sidecar asks of its node, and may have at most; as Kubernetes writes quantities. */
export interface ProxyResources {
  readonly requests: ResourceAmounts;
  readonly limits: ResourceAmounts;
}

/** Null: nothing is said. */
export interface ResourceAmounts {
  readonly cpu: string | null;
  readonly memory: string | null;
}

/** With less Node does not come up, in any pod that gets the default. */
export const leastMemory = '64Mi';
export const tooLittleMemory = `must be ${leastMemory} at least, without which a sidecar does not start`;

export const resourceNames = ['cpu', 'memory'] as const;

export function readProxyResources(node: ManifestNode): ProxyResources {
  node.object();
  const requests = readAmounts(node.field('requests'));
  const limits = readAmounts(node.field('limits'));
  const { memory } = limits;
  if (memory !== null && quantity.test(memory) && amountOf(memory) < amountOf(leastMemory)) {
    node.field('limits').field('memory').violate(tooLittleMemory);
  }
  for (const name of resourceNames) {
    const [request, limit] = [requests[name], limits[name]];
    if (request !== null && limit !== null && amountOf(request) > amountOf(limit)) {
      // A cluster refuses such a pod, hence every pod that gets the default.
      node.field('requests').field(name).violate(`must not be more than its limit of ${limit}`);
    }
  }
  node.warnOfUnknownFields();
  return { requests, limits };
}

function readAmounts(node: ManifestNode): ResourceAmounts {
  node.object();
  const cpu = node.field('cpu').optionalNumberOrText(quantity);
  const memory = node.field('memory').optionalNumberOrText(quantity);
  node.warnOfUnknownFields();
  return { cpu, memory };
}

const scales: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

function amountOf(text: string): number {
  const [, number, suffix = ''] = /^([0-9.]+)(\w*)$/.exec(text) ?? [];
  return number === undefined ? 0 : Number(number) * (scales[suffix] ?? 1);
}
