import { createLogger, exitOnSignal, MetricsRegistry, messageOf, systemClock } from '@tulle/runtime';
import { startInjector } from './injector.ts';
import { readProgramSettings } from './program-settings.ts';
import { version } from './version.ts';

/** The injector's entry: the one place that reads the environment and takes real time and chance. */
async function main(): Promise<void> {
  const settings = readProgramSettings(process.env);
  const logger = createLogger({ level: settings.logLevel, fields: { program: 'injector' } });
  const starting = startInjector(settings, {
    clock: systemClock,
    random: Math.random,
    logger,
    metrics: new MetricsRegistry(),
    version,
  });
  exitOnSignal(starting, { graceMs: settings.graceSeconds * 1_000, logger });
  await starting;
}

main().catch((thrown) => {
  process.stderr.write(`tulle injector: ${messageOf(thrown)}\n`);
  process.exit(1);
});
