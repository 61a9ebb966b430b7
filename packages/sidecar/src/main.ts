import {
  createLogger,
  exitOnSignal,
  type Logger,
  MetricsRegistry,
  messageOf,
  reportWorkerReady,
  startComponents,
  systemClock,
} from '@tulle/runtime';
import { loadOriginalDestination } from './capture/original-destination.ts';
import { readSettings, type SidecarSettings } from './settings.ts';
import { composeSidecar } from './sidecar.ts';
import { composeWorkers, workerDetails, workerGraceSeconds } from './workers.ts';
import { boundYoungGeneration } from './young-generation.ts';

/** The sidecar's entry: the one place that reads the environment and takes real time and chance. */
async function main(): Promise<void> {
  boundYoungGeneration();
  const settings = readSettings(process.env);
  const { namespace, name } = settings.workload;
  const logger = createLogger({
    level: settings.logLevel,
    fields: {
      program: 'sidecar',
      workload: `${namespace}/${name}`,
      ...(settings.workerIndex === null ? {} : { worker: settings.workerIndex }),
    },
  });
  await run(settings, logger);
}

async function run(settings: SidecarSettings, logger: Logger): Promise<void> {
  const clock = systemClock;
  const startsWorkers = settings.workers > 1 && settings.workerIndex === null;
  const captures = settings.capture === 'redirect' && !startsWorkers;
  const originalDestination = captures ? await loadOriginalDestination() : null;
  const metrics = new MetricsRegistry();
  const environment = { clock, random: Math.random, logger, metrics, originalDestination };
  const program = { program: import.meta.filename, args: [], env: process.env };
  const sidecar = startsWorkers
    ? composeWorkers(settings, environment, program)
    : composeSidecar(settings, environment);
  const running = await startComponents(sidecar.components, { clock, logger });
  const { drainDelaySeconds, drainSeconds } = settings;
  const graceSeconds = drainDelaySeconds + drainSeconds + (startsWorkers ? workerGraceSeconds : 0);
  exitOnSignal(running, { graceMs: graceSeconds * 1_000, logger });
  for (const fields of sidecar.adminListeners()) logger.info('listening', fields);
  if (settings.workerIndex !== null) reportWorkerReady(workerDetails(sidecar.adminListeners()));
}

main().catch((thrown) => {
  process.stderr.write(`tulle sidecar: ${messageOf(thrown)}\n`);
  process.exit(1);
});
