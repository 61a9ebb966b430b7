import { describe, expect, it } from 'vitest';
import type { ConnectedProxy, ConnectedProxyType } from '../discovery/connected-proxy.ts';
import { summarizeProxies } from './proxy-summary.ts';

const mark = (nonce: string) => ({ version: '1', nonce, at: '2026-01-01T00:00:00.000Z' });
const type = (overrides: Partial<ConnectedProxyType>): ConnectedProxyType => ({
  typeUrl: 'type.googleapis.com/tulle.mesh.v1.Service',
  kind: 'service',
  subscriptions: 2,
  isWildcard: false,
  sent: mark('1'),
  acked: mark('1'),
  nacked: null,
  ...overrides,
});
const proxy = (node: string, types: readonly ConnectedProxyType[]): ConnectedProxy => ({
  node,
  identity: 'spiffe://cluster.local/ns/a/sa/b',
  peer: '127.0.0.1:4000',
  connectedAt: '2026-01-01T00:00:00.000Z',
  types,
});

describe('summarizeProxies', () => {
  it('sorts by node and tells who is synced, pending and rejecting', () => {
    const rejection = { ...mark('2'), reason: 'rules[0]: bad', resources: [] };
    const summary = summarizeProxies([
      proxy('a/rejecting', [type({}), type({ sent: mark('2'), nacked: rejection })]),
      proxy('a/pending', [type({ sent: mark('2') })]),
      proxy('a/new', []),
      proxy('a/synced', [type({}), type({ sent: null, acked: null })]),
    ]);
    expect(summary.map(({ node, state, subscriptions }) => [node, state, subscriptions])).toEqual([
      ['a/new', 'synced', 0],
      ['a/pending', 'pending', 2],
      ['a/rejecting', 'rejected', 4],
      ['a/synced', 'synced', 4],
    ]);
    expect(summary[2]!.rejections).toEqual([{ typeUrl: type({}).typeUrl, reason: 'rules[0]: bad' }]);
  });
});
