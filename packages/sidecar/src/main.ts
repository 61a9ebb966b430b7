import {
  createLogger,
  exitOnSignal,
  type Logger,
  MetricsRegistry,
  messageOf,
  startComponents,
  systemClock,
} from '@tulle/runtime';
import { readSettings, type SidecarSettings } from './settings.ts';
import { composeSidecar } from './sidecar.ts';
import { boundYoungGeneration } from './young-generation.ts';

/** The sidecar's entry: the one place that reads the environment and takes real time and chance. */
async function main(): Promise<void> {
  boundYoungGeneration();
  const settings = readSettings(process.env);
  const { namespace, name } = settings.workload;
  const logger = createLogger({
    level: settings.logLevel,
    fields: { program: 'sidecar', workload: `${namespace}/${name}` },
  });
  await run(settings, logger);
}

async function run(settings: SidecarSettings, logger: Logger): Promise<void> {
  const clock = systemClock;
  const sidecar = composeSidecar(settings, {
    clock,
    random: Math.random,
    logger,
    metrics: new MetricsRegistry(),
  });
  const running = await startComponents(sidecar.components, { clock, logger });
  exitOnSignal(running, { graceMs: settings.drainSeconds * 1_000, logger });
  for (const fields of sidecar.adminListeners()) logger.info('listening', fields);
}

main().catch((thrown) => {
  process.stderr.write(`tulle sidecar: ${messageOf(thrown)}\n`);
  process.exit(1);
});
