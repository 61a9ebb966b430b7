import { describe, expect, it } from 'vitest';
import { quantileMs } from './latency-histogram.ts';
import { parseMetrics } from './prometheus-text.ts';

describe('parseMetrics', () => {
  it('reads names, labels with escapes, and values', () => {
    const text =
      '# HELP x what\n# TYPE x counter\nx{a="1",b="say \\"hi\\"\\\\\\n"} 4\ny 1e-3\nnot a line at all\n';
    expect(parseMetrics(text)).toEqual([
      { name: 'x', labels: { a: '1', b: 'say "hi"\\\n' }, value: 4 },
      { name: 'y', labels: {}, value: 0.001 },
    ]);
  });
});

describe('quantileMs', () => {
  const buckets = new Map([
    [0.001, 50],
    [0.002, 90],
    [Number.POSITIVE_INFINITY, 100],
  ]);

  it('is linear within a bucket, and stops at the last bound', () => {
    expect(quantileMs(buckets, 0.5)).toBeCloseTo(1);
    expect(quantileMs(buckets, 0.7)).toBeCloseTo(1.5);
    expect(quantileMs(buckets, 0.99)).toBeCloseTo(2);
  });

  it('is null where nothing was counted', () => {
    expect(quantileMs(new Map(), 0.5)).toBeNull();
  });
});
