import { isObject } from '@tulle/api';

/** The pod that a controller would make of a workload's template; a Pod is itself. */
export function podOf(workload: unknown): unknown {
  const kind = isObject(workload) ? workload.kind : null;
  if (kind === 'Pod' || !isObject(workload)) return workload;
  const spec = isObject(workload.spec) ? workload.spec : {};
  const job = kind === 'CronJob' && isObject(spec.jobTemplate) ? spec.jobTemplate.spec : spec;
  return isObject(job) ? job.template : undefined;
}
