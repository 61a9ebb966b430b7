import { AdminServer, type Component, type LogFields, WorkerGroup, type WorkerProgram } from '@tulle/runtime';
import { type WatchedWorker, workerHealthPages, workerOperatorPages } from './admin/worker-pages.ts';
import { createProbePages } from './probes/create-probe-pages.ts';
import type { SidecarSettings } from './settings.ts';
import type { Sidecar, SidecarEnvironment } from './sidecar.ts';

/** For workers to end after their drain, before they are killed. */
export const workerGraceSeconds = 2;

const readyTimeoutMs = 30_000;
/** One that is silent for about 10 s is killed; its connections were held up as long. */
const heartbeat = { intervalMs: 2_000, maxUnanswered: 5 };
const backoff = { baseMs: 200, maxMs: 10_000 };
const stableMs = 60_000;

/** What a worker tells its parent. */
export function workerDetails(adminListeners: readonly LogFields[]): { adminPort: number } {
  return { adminPort: Number(adminListeners.find(({ side }) => side === 'admin')?.port ?? 0) };
}

/**
 * A sidecar that is given more than one core: whole sidecars, one a worker, that accept on the same ports, and
 * here what the pod shows of them. None depends on another: what one loses are its own connections.
 */
export function composeWorkers(
  settings: SidecarSettings,
  { clock, random, logger, metrics }: SidecarEnvironment,
  program: WorkerProgram,
): Sidecar {
  const { host, metricsPort, adminHost, adminPort, workers: count } = settings;
  const group = new WorkerGroup({
    ...program,
    name: 'workers',
    count,
    readyTimeoutMs,
    heartbeat,
    backoff,
    stableMs,
    clock,
    random,
    logger: logger.child({ part: 'workers' }),
  });
  const workers = (): WatchedWorker[] =>
    group.details.map((details, worker) => {
      const adminUrl = details === null ? null : `http://${hostOfUrl(adminHost)}:${details.adminPort}`;
      return { worker, adminUrl };
    });
  const health = workerHealthPages(workers);
  const adminLogger = logger.child({ part: 'admin' });
  const publicAdmin = new AdminServer({
    name: 'metrics-server',
    host,
    port: metricsPort,
    pages: { ...health, ...createProbePages({ settings, clock, metrics, logger: adminLogger }) },
    logger: adminLogger,
  });
  const admin = new AdminServer({
    name: 'admin-server',
    host: adminHost,
    port: adminPort,
    pages: { ...health, ...workerOperatorPages(workers) },
    logger: adminLogger,
  });
  // The pages first: they say what the workers lack.
  const components: Component[] = [publicAdmin, admin, group];
  const adminListeners = () => [
    { side: 'metrics', host, port: publicAdmin.port },
    { side: 'admin', host: adminHost, port: admin.port },
  ];
  return { components, adminListeners };
}

function hostOfUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
