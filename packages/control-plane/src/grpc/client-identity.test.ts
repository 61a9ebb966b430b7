import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { clientIdentity } from './client-identity.ts';

const uri = 'spiffe://cluster.local/ns/bookshop/sa/web';
const nowMs = Date.UTC(2026, 0, 1);

function identityOf(certificate: Partial<PeerCertificate> | null): unknown {
  const whole = {
    ca: false,
    valid_to: 'Jan  2 00:00:00 2026 GMT',
    subjectaltname: `URI:${uri}`,
    ...certificate,
  };
  const context = certificate === null ? {} : { sslPeerCertificate: whole as PeerCertificate };
  return clientIdentity({ getAuthContext: () => context }, { trustDomain: 'cluster.local', nowMs });
}

describe('clientIdentity', () => {
  it('reads the identity of a verified certificate', () => {
    expect(identityOf({})).toEqual({
      trustDomain: 'cluster.local',
      namespace: 'bookshop',
      serviceAccount: 'web',
    });
    expect(identityOf({ subjectaltname: `DNS:a.example, URI:${uri}` })).not.toBeNull();
  });

  it.each<[string, Partial<PeerCertificate> | null]>([
    ['no verified certificate', null],
    ['no names', { subjectaltname: '' }],
    ['two URIs', { subjectaltname: `URI:${uri}, URI:${uri}` }],
    ['a quoted name that hides one', { subjectaltname: `DNS:"a, URI:${uri}"` }],
    ['a name that only looks like it', { subjectaltname: `DNS:URI:${uri}` }],
    ['another trust domain', { subjectaltname: 'URI:spiffe://other.example/ns/bookshop/sa/web' }],
    ['no workload', { subjectaltname: 'URI:spiffe://cluster.local' }],
    ['an authority', { ca: true }],
    ['expired since', { valid_to: 'Dec 31 23:59:59 2025 GMT' }],
    ['no date', { valid_to: '' }],
  ])('gives null for %s', (_case, certificate) => {
    expect(identityOf(certificate)).toBeNull();
  });
});
