import { describe, expect, it } from 'vitest';
import { defaultProxyLimits, defaultProxyTimeouts, proxySettings } from './settings.ts';

const least = { host: '127.0.0.1', workload: 'shop/client', backend: 'socket' } as const;

describe('proxySettings', () => {
  it('fills every default in', () => {
    expect(proxySettings(least)).toEqual({
      ...least,
      outboundPort: 15_001,
      inboundPort: 15_006,
      sharesPorts: false,
      capture: 'none',
      accessLog: 'errors',
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
