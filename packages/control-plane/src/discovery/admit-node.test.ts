import type { SpiffeId } from '@tulle/model';
import { describe, expect, it } from 'vitest';
import { admitNode, foreignNode } from './admit-node.ts';

const web: SpiffeId = { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' };
const client = { namespace: 'shop', serviceAccount: 'web', workload: 'shop/web-1' };

/** A snapshot that knows one pod, of this account. */
function knowing(pod: string, serviceAccount: string) {
  const identity = { ...web, serviceAccount };
  return { identityOf: (workload: string) => (workload === pod ? identity : null) };
}

describe('admitNode', () => {
  it.each([
    ['a pod that is known as one of its service account', knowing('shop/web-1', 'web')],
    ['a pod that is not known, as one that has just started', knowing('shop/web-2', 'other')],
    ['any pod before the configuration has been read', null],
  ])('admits the client as %s', (_case, snapshot) => {
    expect(admitNode('shop/web-1', web, snapshot)).toEqual({ ok: true, client });
  });

  it('refuses a pod that is known as one of another service account, with both and what to do', () => {
    const admission = admitNode('shop/web-1', web, knowing('shop/web-1', 'orders'));
    expect(admission).toMatchObject({ ok: false, code: 'PERMISSION_DENIED' });
    const { reason } = admission as { reason: string };
    expect(reason).toMatch(/^node shop\/web-1 is a pod of service account orders, .* is one of web: give/);
    expect(reason).toContain('TULLE_WORKLOAD');
  });

  it('refuses a pod of another namespace, whether or not it is known', () => {
    const reason = expect.stringContaining('is not of the namespace');
    for (const snapshot of [null, knowing('bank/web-1', 'web')])
      expect(admitNode('bank/web-1', web, snapshot)).toEqual({
        ok: false,
        code: 'PERMISSION_DENIED',
        reason,
      });
  });

  it.each(['', 'web-1', 'a/b/c', `shop/${'x'.repeat(400)}`])('takes %j for no node', (nodeId) => {
    expect(admitNode(nodeId, web, null)).toMatchObject({ ok: false, code: 'INVALID_ARGUMENT' });
  });
});

describe('foreignNode', () => {
  it('judges a client that was admitted unknown, once its pod is known', () => {
    expect(foreignNode(client, knowing('shop/web-1', 'web'))).toBeNull();
    expect(foreignNode(client, knowing('shop/web-1', 'orders'))).toContain('service account orders');
  });
});
