import { keyOf, type RawObject, resourceTypes } from '@tulle/kubernetes';
import { type Check, someOf, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const programs = [
  { name: 'tulle-control-plane', port: 15_012, portName: 'grpc', callers: 'sidecars' },
  { name: 'tulle-injector', port: 9_443, portName: 'https', callers: 'the API server' },
];

/** Policies in the mesh's namespace that keep those away who have to come. They add up: one that lets in is enough. */
export const networkPolicies: Check = {
  name: 'network-policies',
  run: async ({ cluster, namespace }) => {
    const policies = await cluster.list(resourceTypes.networkPolicies, { namespace });
    const findings = programs.flatMap(({ name, port, portName, callers }) => {
      const isolating = policies.filter((policy) => isolates(policy, name));
      if (isolating.length === 0 || isolating.some((policy) => letsIn(policy, port, portName))) return [];
      const message = `${callers} may be kept from port ${port} of ${name} by ${someOf(isolating.map(keyOf))}`;
      return [warn(message, `a policy that lets everybody in comes with networkPolicy.enabled=true`)];
    });
    return { summary: 'none stands in the way', findings };
  },
};

function isolates(policy: RawObject, name: string): boolean {
  const spec = new Fields(policy).at('spec');
  const types = spec.at('policyTypes').items.map(({ text }) => text);
  if (types.length > 0 && !types.includes('Ingress')) return false;
  const selector = spec.at('podSelector');
  // Expressions are taken to match: a warning too many is better than one too few.
  return selector
    .at('matchLabels')
    .entries.every(([key, value]) => key !== 'app.kubernetes.io/name' || value === name);
}

function letsIn(policy: RawObject, port: number, portName: string): boolean {
  return new Fields(policy).at('spec', 'ingress').items.some((rule) => {
    const ports = rule.at('ports').items;
    const isOpen = rule.at('from').items.length === 0;
    return isOpen && (ports.length === 0 || ports.some((entry) => isPort(entry, port, portName)));
  });
}

function isPort(entry: Fields, port: number, portName: string): boolean {
  const first = entry.at('port');
  if (first.isAbsent || first.text === portName) return true;
  return first.number === port || (first.number <= port && entry.at('endPort').number >= port);
}
