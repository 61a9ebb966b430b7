import { createLogger, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { describe, expect, it } from 'vitest';
import { adminPages, publicPages } from './admin-pages.ts';
import { Readiness } from './readiness.ts';

const request = (path: string) => ({ url: new URL(path, 'http://admin'), body: '' });

function setUp() {
  let fault: string | null = 'no certificate yet';
  const readiness = new Readiness([() => fault, () => null], silentLogger);
  const logger = createLogger({ level: 'silent' });
  const metrics = new MetricsRegistry();
  const pages = adminPages({ readiness, metrics, dump: { part: () => ({ a: 1 }) }, loggers: [logger] });
  const heal = () => {
    fault = null;
  };
  return { readiness, logger, pages, metrics, heal };
}

describe('readiness', () => {
  it('says everything that stands in the way, then ok, then that it drains', async () => {
    const { readiness, pages, heal } = setUp();
    const page = () => pages['GET /readyz']!(request('/readyz'));
    expect(await page()).toEqual({ status: 503, body: 'starting\nno certificate yet\n' });
    await readiness.start();
    expect(await page()).toEqual({ status: 503, body: 'no certificate yet\n' });
    heal();
    expect(await page()).toEqual({ body: 'ok\n' });
    await readiness.stop();
    expect(await page()).toEqual({ status: 503, body: 'draining\n' });
  });
});

describe('admin pages', () => {
  it('show the dump by section, on loopback only', async () => {
    const { readiness, metrics, pages } = setUp();
    expect(await pages['GET /config_dump']!(request('/config_dump'))).toEqual({ body: { part: { a: 1 } } });
    expect(Object.keys(publicPages({ readiness, metrics }))).toEqual([
      'GET /livez',
      'GET /readyz',
      'GET /metrics',
    ]);
  });

  it('set the log level, and refuse what is none', async () => {
    const { logger, pages } = setUp();
    const page = pages['POST /log_level']!;
    expect(await page(request('/log_level?level=loud'))).toMatchObject({ status: 400 });
    expect(await page(request('/log_level'))).toMatchObject({ status: 400 });
    expect(logger.level).toBe('silent');
    await page(request('/log_level?level=error'));
    expect(logger.level).toBe('error');
  });
});
