import { type Clock, EnvReader, systemClock } from '@tulle/runtime';
import { askReadiness } from './wait/ask-readiness.ts';
import { waitUntilReady } from './wait/wait-until-ready.ts';

/**
 * The wait program's entry: ends when this pod's sidecar is ready. It is the postStart hook of a sidecar that is an
 * ordinary container, since kubelet starts the application's containers after it.
 */
async function main(): Promise<void> {
  const reader = new EnvReader(process.env);
  const host = reader.string('TULLE_HOST', '127.0.0.1');
  const port = reader.integer('TULLE_METRICS_PORT', 15_020, { min: 1, max: 65_535 });
  const waitSeconds = reader.integer('TULLE_WAIT_SECONDS', 600, { min: 1, max: 3_600 });
  reader.finish();
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
