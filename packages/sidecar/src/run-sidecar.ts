import {
  createLogger,
  exitOnSignal,
  type Logger,
  MetricsRegistry,
  reportWorkerReady,
  startComponents,
  systemClock,
  type WorkerProgram,
} from '@tulle/runtime';
import { loadOriginalDestination } from './capture/original-destination.ts';
import { readSettings, type SidecarSettings } from './settings.ts';
import { composeSidecar } from './sidecar.ts';
import { composeWorkers, workerDetails, workerGraceSeconds } from './workers.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Runs a sidecar as its environment says, with real time and chance; `entry` starts another one. */
export async function runSidecar(entry: string, env: Env): Promise<void> {
  const settings = readSettings(env);
  const { namespace, name } = settings.workload;
  const logger = createLogger({
    level: settings.logLevel,
    fields: {
      program: 'sidecar',
      workload: `${namespace}/${name}`,
      ...(settings.workerIndex === null ? {} : { worker: settings.workerIndex }),
    },
  });
  await run(settings, logger, { program: entry, args: [], env });
}

async function run(settings: SidecarSettings, logger: Logger, program: WorkerProgram): Promise<void> {
  const clock = systemClock;
  const startsWorkers = settings.workers > 1 && settings.workerIndex === null;
  const captures = settings.capture === 'redirect' && !startsWorkers;
  const originalDestination = captures ? await loadOriginalDestination() : null;
  const metrics = new MetricsRegistry();
  const environment = { clock, random: Math.random, logger, metrics, originalDestination };
  const sidecar = startsWorkers
    ? composeWorkers(settings, environment, program)
    : composeSidecar(settings, environment);
  const starting = startComponents(sidecar.components, { clock, logger });
  const { drainDelaySeconds, drainSeconds } = settings;
  const graceSeconds = drainDelaySeconds + drainSeconds + (startsWorkers ? workerGraceSeconds : 0);
  exitOnSignal(starting, { graceMs: graceSeconds * 1_000, logger });
  await starting;
  for (const fields of sidecar.adminListeners()) logger.info('listening', fields);
  if (settings.workerIndex !== null) reportWorkerReady(workerDetails(sidecar.adminListeners()));
}
