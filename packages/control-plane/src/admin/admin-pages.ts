import {
  type AdminAnswer,
  type AdminPages,
  type Logger,
  type LogLevel,
  logLevels,
  type MetricsRegistry,
} from '@tulle/runtime';
import type { ConnectedProxy } from '../discovery/connected-proxy.ts';
import { summarizeProxies } from './proxy-summary.ts';

export interface AdminPagesOptions {
  /** Why it is not ready; empty when it is. */
  readonly unreadyReasons: () => readonly string[];
  readonly metrics: MetricsRegistry;
  readonly proxies: () => readonly ConnectedProxy[];
  /** Sections of the config dump, made when it is asked for. */
  readonly dump: Readonly<Record<string, () => unknown>>;
  readonly logger: Logger;
}

/** The pages of the control plane's admin port. */
export function adminPages(options: AdminPagesOptions): AdminPages {
  const { unreadyReasons, metrics, proxies, dump, logger } = options;
  return {
    'GET /livez': () => ({ body: 'ok\n' }),
    'GET /readyz': () => readiness(unreadyReasons()),
    'GET /metrics': () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: metrics.render(),
    }),
    'GET /config_dump': () => ({
      body: Object.fromEntries(Object.entries(dump).map(([section, make]) => [section, make()])),
    }),
    'GET /proxies': () => ({ body: summarizeProxies(proxies()) }),
    'POST /log_level': ({ url }) => setLogLevel(logger, url.searchParams.get('level')),
  };
}

function readiness(reasons: readonly string[]): AdminAnswer {
  return reasons.length === 0 ? { body: 'ok\n' } : { status: 503, body: `${reasons.join('\n')}\n` };
}

function setLogLevel(logger: Logger, level: string | null): AdminAnswer {
  if (!logLevels.includes(level as LogLevel)) {
    return { status: 400, body: `level must be one of ${logLevels.join(', ')}\n` };
  }
  logger.level = level as LogLevel;
  return { body: `log level is ${level}\n` };
}
