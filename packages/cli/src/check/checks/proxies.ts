import { type Check, count, type Finding, fail, someOf, warn } from '../check.ts';
import { podViews } from '../meshed-pods.ts';

/** Whether sidecars are ready, and of the version that is installed. */
export const proxies: Check = {
  name: 'proxies',
  run: async ({ view }) => {
    const pods = podViews(await view.pods()).filter(({ sidecar }) => sidecar !== null);
    const unready = pods.filter(({ sidecar }) => !sidecar!.isReady).map(({ key }) => key);
    const record = await view.record();
    const old = record === null ? [] : pods.filter(({ sidecar }) => sidecar!.version !== record.version);
    const findings: Finding[] = [];
    if (unready.length > 0) {
      // Not its log: kubelet gives none of an ordinary container whose hook holds the others back.
      const ask = 'exec POD -c tulle-sidecar -- /usr/local/bin/node /app/wait.mjs 0';
      const hint = `it says why: kubectl -n NAMESPACE ${ask}; then its log`;
      findings.push(fail(`${count(unready.length, 'sidecar')} not ready: ${someOf(unready)}`, hint));
    }
    if (old.length > 0) {
      const versions = [...new Set(old.map(({ sidecar }) => sidecar!.version || 'unknown'))]
        .sort()
        .join(', ');
      const owners = [...new Set(old.map(({ namespace, owner }) => `${namespace} ${owner}`))];
      const hint = 'kubectl rollout restart them: pods get the new sidecar as they are made';
      findings.push(
        warn(`${count(old.length, 'sidecar')} of another version (${versions}): ${someOf(owners)}`, hint),
      );
    }
    return { summary: `${count(pods.length, 'sidecar')}, all ready`, findings };
  },
};
