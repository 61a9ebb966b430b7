import type { ProxyOverrides } from '@tulle/api';
import { describe, expect, test } from 'vitest';
import { defaultInjectorSettings } from '../settings/injector-settings.ts';
import { mergeOptions } from './merge-options.ts';

const base = defaultInjectorSettings('0.1.0').proxy;
const merge = (...levels: readonly ProxyOverrides[]) =>
  mergeOptions(
    base,
    levels.map((overrides, i) => ({ place: `level ${i}`, overrides })),
  );

describe('options of several places', () => {
  test('are those of the narrowest place that says something, one by one', () => {
    const { options } = merge({ logLevel: 'warn', workers: 2 }, { logLevel: 'debug' });
    expect(options).toEqual({ ...base, logLevel: 'debug', workers: 2 });
  });

  test('replace lists, and take back by none', () => {
    const wide = { excludedOutboundPorts: ['1'], memoryLimit: '1Gi' };
    expect(merge(wide, { excludedOutboundPorts: ['2'], memoryLimit: null }).options).toMatchObject({
      excludedOutboundPorts: ['2'],
      memoryLimit: null,
    });
  });

  test('let a wider limit grow with a narrower request, and a wider request shrink to a narrower limit', () => {
    expect(merge({ memoryRequest: '1Gi' }).options).toMatchObject({
      memoryRequest: '1Gi',
      memoryLimit: '1Gi',
    });
    expect(merge({ memoryLimit: '64Mi' }).options).toMatchObject({
      memoryRequest: '64Mi',
      memoryLimit: '64Mi',
    });
  });

  test('report two amounts of one place that contradict', () => {
    expect(merge({ cpuRequest: '1500m', cpuLimit: '1' }).violations).toEqual([
      { path: 'level 0', reason: 'asks for more cpu (1500m) than it allows (1)' },
    ]);
    expect(merge({ cpuRequest: '1000m', cpuLimit: '1' }).violations).toEqual([]);
  });
});
