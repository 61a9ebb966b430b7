import { describe, expect, it } from 'vitest';
import { MetricsRegistry } from './metrics.ts';
import { defaultMaxSeries } from './series-table.ts';

describe('MetricsRegistry', () => {
  it('renders counters and gauges with help, type and labels', () => {
    const registry = new MetricsRegistry();
    registry.counter('requests_total', 'Requests.', ['code', 'flag']).with('200', '').inc(3);
    registry.gauge('connected', 'Whether it is.').with().set(1);
    expect(registry.render()).toBe(
      [
        '# HELP requests_total Requests.',
        '# TYPE requests_total counter',
        'requests_total{code="200",flag=""} 3',
        '# HELP connected Whether it is.',
        '# TYPE connected gauge',
        'connected 1',
        '',
      ].join('\n'),
    );
  });

  it('renders histograms with cumulative buckets, sum and count', () => {
    const registry = new MetricsRegistry();
    const seconds = registry.histogram('seconds', 'Time.', [0.1, 1], ['way']).with('in');
    for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe(value);
    expect(registry.render().split('\n').slice(2)).toEqual([
      'seconds_bucket{way="in",le="0.1"} 2',
      'seconds_bucket{way="in",le="1"} 3',
      'seconds_bucket{way="in",le="+Inf"} 4',
      'seconds_sum{way="in"} 7.65',
      'seconds_count{way="in"} 4',
      '',
    ]);
  });

  it('escapes label values, help texts and infinite values', () => {
    const registry = new MetricsRegistry();
    registry.gauge('g', 'a\\b\nc', ['path']).with('C:\\x\n"q"').set(Number.POSITIVE_INFINITY);
    registry.gauge('h', 'Small.').with().set(-1e-7);
    const lines = registry.render().split('\n');
    expect(lines[0]).toBe('# HELP g a\\\\b\\nc');
    expect(lines[2]).toBe('g{path="C:\\\\x\\n\\"q\\""} +Inf');
    expect(lines[5]).toBe('h -1e-7');
  });

  it('keeps the series of one label set apart from all others', () => {
    const family = new MetricsRegistry().counter('c', 'C.', ['a', 'b']);
    expect(family.with('1', '23')).toBe(family.with('1', '23'));
    expect(family.with('1', '23')).not.toBe(family.with('12', '3'));
  });

  it('counts into one overflow series beyond the limit, without forgetting the known', () => {
    const family = new MetricsRegistry().counter('c', 'C.', ['path', 'code']);
    for (let index = 0; index < defaultMaxSeries + 50; index++) family.with(`/${index}`, '200').inc();
    expect(family.table.size).toBe(defaultMaxSeries + 1);
    expect(family.with('overflow', 'overflow').value).toBe(50);
    family.with('/0', '200').inc();
    expect(family.with('/0', '200').value).toBe(2);
  });

  it('brings gauges up to date before it renders', () => {
    const registry = new MetricsRegistry();
    const open = registry.gauge('open', 'Open.').with();
    registry.onCollect(() => open.set(5));
    expect(registry.render()).toContain('open 5\n');
  });

  it('throws for a name taken twice and for a wrong number of label values', () => {
    const registry = new MetricsRegistry();
    const family = registry.counter('c', 'C.', ['a']);
    expect(() => registry.gauge('c', 'C.')).toThrow(/registered twice/);
    expect(() => family.with('1', '2')).toThrow(/has the labels a; got 2 values/);
  });
});
