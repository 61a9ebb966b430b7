import type { Fault } from './fault.ts';

/** The shortest life that the control plane gives: certificates are renewed at half of it, all the time. */
const leafTtlSeconds = 10;
const wantedRenewals = 2;
const lookEveryMs = 200;

export const certificateSwap: Fault = {
  summary: `certificates live ${leafTtlSeconds} s: all sidecars renew theirs again and again`,
  controlPlaneEnv: { TULLE_LEAF_TTL_SECONDS: String(leafTtlSeconds) },
  async run({ cluster, pods, note, pause, hasTime }) {
    const everyone = [cluster.client, ...pods.map(({ pod }) => pod)];
    const renewals = () =>
      Promise.all(everyone.map((one) => cluster.metric(one, 'tulle_certificate_renewals_total')));
    const before = await renewals();
    let counts = before;
    const least = () => Math.min(...counts.map((count, index) => count - before[index]!));
    while (hasTime() || least() < wantedRenewals) {
      await pause(lookEveryMs);
      counts = await renewals();
    }
    note(`each sidecar has renewed its certificate ${least()} times or more`);
    return [];
  },
};
