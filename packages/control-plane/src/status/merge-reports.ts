import type { ReplicaReport } from './acknowledgement-report.ts';
import { addCounts, noProxies, type ProxyCounts } from './proxy-counts.ts';

/** The sum of what replicas report of one object. */
export function sumCounts(reports: readonly ReplicaReport[], key: string, generation: number): ProxyCounts {
  return reports.reduce((sum, { objects }) => {
    const counts = objects.get(key);
    if (counts === undefined) return sum;
    // A replica that knows another version has yet to send this one.
    if (counts.generation !== generation) return addCounts(sum, { ...noProxies, proxies: counts.proxies });
    return addCounts(sum, counts);
  }, noProxies);
}
