import { describe, expect, it } from 'vitest';
import { meshServerName, portOfServerName, refusalOfClient } from './mesh-tls.ts';

describe('the port in the server name', () => {
  it('goes there and back', () => {
    expect(portOfServerName(meshServerName(8080))).toBe(8080);
  });

  it.each([
    null,
    '',
    'p0.inbound.tulle.internal',
    'p080.inbound.tulle.internal',
    'p65536.inbound.tulle.internal',
    'p80.inbound.tulle.internal.example',
    'xp80.inbound.tulle.internal',
    'p80.inbound.tulle',
  ])('is none in %j', (name) => {
    expect(portOfServerName(name)).toBeNull();
  });
});

describe('refusalOfClient', () => {
  const refusal = (...uris: string[]) =>
    refusalOfClient({ uris, raw: Buffer.alloc(0), validToMs: 0 }, 'cluster.local');

  it('accepts a workload of the trust domain', () => {
    expect(refusal('spiffe://cluster.local/ns/a/sa/b')).toBeNull();
  });

  it.each([
    [['spiffe://cluster.local.example/ns/a/sa/b'], /outside the trust domain/],
    [['spiffe://cluster.local/ns/a'], /no single SPIFFE identity/],
    [['spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa/c'], /no single/],
    [['https://cluster.local/ns/a/sa/b'], /no single/],
    [[], /none/],
  ])('refuses %j', (uris, reason) => {
    expect(refusal(...uris)).toMatch(reason);
  });
});
