import { describe, expect, it } from 'vitest';
import { defaultForwarding } from './forwarded-client.ts';
import {
  defaultProxyLimits,
  defaultProxyTimeouts,
  memoryLimits,
  proxySettings,
  upstreamLimits,
} from './settings.ts';

const least = { host: '127.0.0.1', workload: 'shop/client', backend: 'socket' } as const;

describe('proxySettings', () => {
  it('fills every default in', () => {
    expect(proxySettings(least)).toEqual({
      ...least,
      outboundPort: 15_001,
      inboundPort: 15_006,
      sharesPorts: false,
      capture: 'none',
      accessLog: 'off',
      forwarding: defaultForwarding,
      seriesExpiryMs: 900_000,
      limits: defaultProxyLimits,
      timeouts: defaultProxyTimeouts,
    });
  });

  it('changes only what is given', () => {
    const settings = proxySettings({ ...least, limits: { maxHeldRequests: 3 }, timeouts: { headMs: 9 } });
    expect(settings.limits).toEqual({ ...defaultProxyLimits, maxHeldRequests: 3 });
    expect(settings.timeouts).toEqual({ ...defaultProxyTimeouts, headMs: 9 });
  });
});

describe('memoryLimits', () => {
  const MEGABYTE = 2 ** 20;

  it('leaves the defaults where the limit is not known', () => expect(memoryLimits(null)).toEqual({}));

  it.each([
    [32, 16],
    [128, 32],
    [512, 128],
    [8_192, 256],
  ])('of %i MB gives buffers %i', (limit, buffers) => {
    expect(memoryLimits(limit * MEGABYTE)).toEqual({
      memoryLimitBytes: limit * MEGABYTE,
      maxBufferedBytes: buffers * MEGABYTE,
    });
  });

  it('bounds what one connection to an endpoint may bring after memory has become tight', () => {
    const windowOf = (limit: number) => {
      const limits = { ...defaultProxyLimits, ...memoryLimits(limit * MEGABYTE) };
      return Math.floor(upstreamLimits(limits, true).h2.connectionWindowBytes / MEGABYTE);
    };
    expect([windowOf(128), windowOf(256), windowOf(2_048)]).toEqual([4, 8, 16]);
  });
});
