import {
  type AdminAnswer,
  type AdminPages,
  type Logger,
  type LogLevel,
  logLevels,
  type MetricsRegistry,
} from '@tulle/runtime';
import type { Readiness } from './readiness.ts';

export interface AdminPagesOptions {
  readonly readiness: Readiness;
  readonly metrics: MetricsRegistry;
  /** Sections of the config dump, made when it is asked for. */
  readonly dump: Readonly<Record<string, () => unknown>>;
  /** All whose level is changed together. */
  readonly loggers: readonly Logger[];
}

type PublicOptions = Pick<AdminPagesOptions, 'readiness' | 'metrics'>;

/** What kubelet and Prometheus may see, on the pod's address. */
export function publicPages({ readiness, metrics }: PublicOptions): AdminPages {
  return {
    'GET /livez': () => ({ body: 'ok\n' }),
    'GET /readyz': () => readinessAnswer(readiness.reasons()),
    'GET /metrics': () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics.render(),
    }),
  };
}

/** All pages, on loopback only: the dump names who talks to whom. */
export function adminPages(options: AdminPagesOptions): AdminPages {
  return {
    ...publicPages(options),
    'GET /config_dump': () => ({
      body: Object.fromEntries(Object.entries(options.dump).map(([section, make]) => [section, make()])),
    }),
    'POST /log_level': ({ url }) => setLogLevel(options.loggers, url.searchParams.get('level')),
  };
}

function readinessAnswer(reasons: readonly string[]): AdminAnswer {
  return reasons.length === 0 ? { body: 'ok\n' } : { status: 503, body: `${reasons.join('\n')}\n` };
}

function setLogLevel(loggers: readonly Logger[], level: string | null): AdminAnswer {
  if (!logLevels.includes(level as LogLevel))
    return { status: 400, body: `level must be one of ${logLevels.join(', ')}\n` };
  for (const logger of loggers) logger.level = level as LogLevel;
  return { body: `log level is ${level}\n` };
}
