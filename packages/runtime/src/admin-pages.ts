import type { AdminAnswer, AdminPages } from './admin-server.ts';
import { type Logger, type LogLevel, logLevels } from './logger.ts';
import type { MetricsRegistry } from './metrics.ts';

export interface HealthPagesOptions {
  /** Why it is not ready; empty when it is. */
  readonly unreadyReasons: () => readonly string[];
  /** What should be known although it is ready; null: nothing. */
  readonly readyNote?: () => string | null;
  readonly metrics: MetricsRegistry;
}

/** What kubelet and Prometheus ask for. */
export function healthPages({
  unreadyReasons,
  readyNote = () => null,
  metrics,
}: HealthPagesOptions): AdminPages {
  return {
    'GET /livez': () => ({ body: 'ok\n' }),
    'GET /readyz': () => readiness(unreadyReasons(), readyNote()),
    'GET /metrics': () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics.render(),
    }),
  };
}

export interface OperatorPagesOptions {
  /** Sections of the config dump, made when it is asked for. */
  readonly dump: Readonly<Record<string, () => unknown>>;
  /** All whose level is changed together: a child keeps its own. */
  readonly loggers: readonly Logger[];
}

/** What an operator asks for and sets, on loopback only: the dump names who talks to whom. */
export function operatorPages({ dump, loggers }: OperatorPagesOptions): AdminPages {
  return {
    'GET /config_dump': () => ({
      body: Object.fromEntries(Object.entries(dump).map(([section, make]) => [section, make()])),
    }),
    'POST /log_level': ({ url }) => setLogLevel(loggers, url.searchParams.get('level')),
  };
}

function readiness(reasons: readonly string[], note: string | null): AdminAnswer {
  if (reasons.length > 0) return { status: 503, body: `${reasons.join('\n')}\n` };
  return { body: note === null ? 'ok\n' : `ok (${note})\n` };
}

function setLogLevel(loggers: readonly Logger[], asked: string | null): AdminAnswer {
  const level = logLevels.find((known): known is LogLevel => known === asked);
  if (level === undefined) return { status: 400, body: `level must be one of ${logLevels.join(', ')}\n` };
  for (const logger of loggers) logger.level = level;
  return { body: `log level is ${level}\n` };
}
