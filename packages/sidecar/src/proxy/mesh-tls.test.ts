import { describe, expect, it } from 'vitest';
import { meshServerName, parseMeshServerName, refusalOfClient } from './mesh-tls.ts';

describe('the server name between sidecars', () => {
  it.each(['', 'web', 'a'.repeat(58)])('takes the port and the caller %j there and back', (owner) => {
    expect(parseMeshServerName(meshServerName(8080, owner))).toEqual({ port: 8080, owner });
  });

  it.each(['a'.repeat(59), 'a.b', 'Web', '-a', 'a-', 'a b'])(
    'leaves out the caller %j, who is no label',
    (owner) => {
      expect(meshServerName(80, owner)).toBe('p80.inbound.tulle.internal');
    },
  );

  it.each([
    null,
    '',
    'p0.inbound.tulle.internal',
    'p080.inbound.tulle.internal',
    'p65536.inbound.tulle.internal',
    'p80.inbound.tulle.internal.example',
    'xp80.inbound.tulle.internal',
    'p80.inbound.tulle',
    'p80.from-.inbound.tulle.internal',
    'p80.from-a.b.inbound.tulle.internal',
  ])('is not %j', (name) => {
    expect(parseMeshServerName(name)).toBeNull();
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
