import { type ProxyOptions, type ProxyOverrides, quantityValue } from '@tulle/api';
import type { Violation } from '@tulle/model';
import type { OptionLevel } from './levels.ts';

export interface MergedOptions {
  readonly options: ProxyOptions;
  readonly violations: readonly Violation[];
}

const resources = [
  { name: 'cpu', request: 'cpuRequest', limit: 'cpuLimit' },
  { name: 'memory', request: 'memoryRequest', limit: 'memoryLimit' },
] as const;

/**
 * Lays the levels over one another, the widest first. A request above its limit would be refused by the cluster: the
 * narrower place is taken at its word, and the other amount follows. Two of one place that contradict are a fault.
 */
export function mergeOptions(base: ProxyOptions, levels: readonly OptionLevel[]): MergedOptions {
  const violations: Violation[] = [];
  let options = settleAmounts(base, {});
  for (const { place, overrides } of levels) {
    for (const { name, request, limit } of resources) {
      if (!isAbove(overrides[request], overrides[limit])) continue;
      const reason = `asks for more ${name} (${overrides[request]}) than it allows (${overrides[limit]})`;
      violations.push({ path: place, reason });
    }
    options = settleAmounts({ ...options, ...overrides }, overrides);
  }
  return { options, violations };
}

function settleAmounts(options: ProxyOptions, said: ProxyOverrides): ProxyOptions {
  const settled = resources
    .filter(({ request, limit }) => isAbove(options[request], options[limit]))
    .map(({ request, limit }) =>
      said[request] !== undefined ? { [limit]: options[request] } : { [request]: options[limit] },
    );
  return Object.assign({ ...options }, ...settled) as ProxyOptions;
}

function isAbove(request: string | null | undefined, limit: string | null | undefined): boolean {
  if (request === null || request === undefined || limit === null || limit === undefined) return false;
  return (quantityValue(request) ?? 0) > (quantityValue(limit) ?? Number.POSITIVE_INFINITY);
}
