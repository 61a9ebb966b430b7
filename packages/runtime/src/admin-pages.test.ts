import { describe, expect, it } from 'vitest';
import { healthPages, operatorPages } from './admin-pages.ts';
import { createLogger, silentLogger } from './logger.ts';
import { MetricsRegistry } from './metrics.ts';

const request = (path: string) => ({ url: new URL(path, 'http://admin'), body: '' });

describe('healthPages', () => {
  it('say that it lives, and what keeps it from being ready', () => {
    let reasons = ['no certificate yet', 'no route'];
    const pages = healthPages({ unreadyReasons: () => reasons, metrics: new MetricsRegistry() });
    expect(pages['GET /livez']!(request('/livez'))).toEqual({ body: 'ok\n' });
    const page = () => pages['GET /readyz']!(request('/readyz'));
    expect(page()).toEqual({ status: 503, body: 'no certificate yet\nno route\n' });
    reasons = [];
    expect(page()).toEqual({ body: 'ok\n' });
  });

  it('say what should be known of one that is ready all the same', () => {
    let reasons: string[] = [];
    const readyNote = () => 'configuration from disk';
    const pages = healthPages({ unreadyReasons: () => reasons, readyNote, metrics: new MetricsRegistry() });
    const page = () => pages['GET /readyz']!(request('/readyz'));
    expect(page()).toEqual({ body: 'ok (configuration from disk)\n' });
    reasons = ['draining'];
    expect(page()).toEqual({ status: 503, body: 'draining\n' });
  });

  it('show the metrics in the Prometheus text format', () => {
    const metrics = new MetricsRegistry();
    metrics.counter('turns_total', 'Turns.').with().inc();
    const pages = healthPages({ unreadyReasons: () => [], metrics });
    expect(pages['GET /metrics']!(request('/metrics'))).toMatchObject({
      contentType: expect.stringContaining('version=0.0.4'),
      body: expect.stringContaining('turns_total 1'),
    });
  });
});

describe('operatorPages', () => {
  it('show the dump by section, made anew each time', () => {
    let turns = 0;
    const pages = operatorPages({ dump: { part: () => ({ turns: ++turns }) }, loggers: [] });
    const page = () => pages['GET /config_dump']!(request('/config_dump'));
    expect(page()).toEqual({ body: { part: { turns: 1 } } });
    expect(page()).toEqual({ body: { part: { turns: 2 } } });
  });

  it('set the level of all loggers, and refuse what is none', () => {
    const loggers = [createLogger({ level: 'silent' }), silentLogger.child({ part: 'a' })];
    const page = operatorPages({ dump: {}, loggers })['POST /log_level']!;
    expect(page(request('/log_level?level=loud'))).toMatchObject({ status: 400 });
    expect(page(request('/log_level'))).toMatchObject({ status: 400 });
    expect(loggers.map(({ level }) => level)).toEqual(['silent', 'silent']);
    page(request('/log_level?level=error'));
    expect(loggers.map(({ level }) => level)).toEqual(['error', 'error']);
  });
});
