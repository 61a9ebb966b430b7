import { labels } from '@tulle/api';
import { type Check, count, someOf, warn } from '../check.ts';
import { podViews } from '../meshed-pods.ts';

/** Pods of labelled namespaces that were made before the label, or while nothing was injected. */
export const namespaces: Check = {
  name: 'namespaces',
  run: async ({ view, namespace: own }) => {
    const enabled = (await view.namespaces())
      .filter(({ metadata }) => metadata.labels?.[labels.inject] === 'enabled' && metadata.name !== own)
      .map(({ metadata }) => metadata.name);
    const pods = podViews(await view.pods());
    const findings = enabled.flatMap((namespace) => {
      const without = pods.filter(
        (pod) => pod.namespace === namespace && pod.sidecar === null && !pod.isOptedOut,
      );
      if (without.length === 0) return [];
      const owners = [...new Set(without.map(({ owner }) => owner))];
      const message = `${count(without.length, 'pod')} of namespace ${namespace} without a sidecar: ${someOf(owners)}`;
      return [
        warn(message, `pods get it as they are made: kubectl -n ${namespace} rollout restart deployment`),
      ];
    });
    return {
      summary: enabled.length === 0 ? 'none is labelled yet' : `labelled: ${someOf(enabled)}`,
      findings,
    };
  },
};
