import { type Clock, EnvReader, systemClock } from '@tulle/runtime';
import { askReadiness } from './wait/ask-readiness.ts';
import { waitUntilReady } from './wait/wait-until-ready.ts';

/**
 * The wait program's entry: ends when this pod's sidecar is ready. It is the postStart hook of a sidecar that is an
 * ordinary container, since kubelet starts the application's containers after it. By hand it says why a sidecar is not
 * ready, for kubelet gives no logs of a container whose hook still runs: `wait.mjs 0`.
 */
async function main(): Promise<void> {
  const reader = new EnvReader(process.env);
  const host = reader.string('TULLE_HOST', '127.0.0.1');
  const port = reader.integer('TULLE_METRICS_PORT', 15_020, { min: 1, max: 65_535 });
  // Kubelet ends no pod whose hook still runs.
  const settled = reader.integer('TULLE_WAIT_SECONDS', 120, { min: 1, max: 3_600 });
  reader.finish();
  const argument = process.argv[2];
  const waitSeconds = argument !== undefined && /^\d{1,4}$/.test(argument) ? Number(argument) : settled;
  const ask = () => askReadiness(host, port);
  const reason = await waitUntilReady({ ask, deadlineMs: waitSeconds * 1_000, clock });
  if (reason === null) return;
  process.stderr.write(`tulle wait: the sidecar is not ready after ${waitSeconds} s: ${reason}\n`);
  process.exitCode = 1;
}

/** Its timers keep the process alive: there is nothing else here. */
const clock: Clock = {
  ...systemClock,
  schedule: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

main().catch((thrown) => {
  process.stderr.write(`tulle wait: ${thrown instanceof Error ? thrown.message : thrown}\n`);
  process.exitCode = 1;
});
