import { createLogger, exitOnSignal, MetricsRegistry, messageOf, systemClock } from '@tulle/runtime';
import { startControlPlane } from './control-plane.ts';
import { readSettings } from './settings.ts';

/** The control plane's entry: the one place that reads the environment and takes real time and chance. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const logger = createLogger({ level: settings.logLevel, fields: { program: 'control-plane' } });
  const starting = startControlPlane(settings, {
    clock: systemClock,
    random: Math.random,
    logger,
    metrics: new MetricsRegistry(),
  });
  exitOnSignal(starting, { graceMs: settings.graceSeconds * 1_000, logger });
  await starting;
}

main().catch((thrown) => {
  process.stderr.write(`tulle control plane: ${messageOf(thrown)}\n`);
  process.exit(1);
});
