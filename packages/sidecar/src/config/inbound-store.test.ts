import type { Workload } from '@tulle/model';
import { silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { InboundStore } from './inbound-store.ts';
import { FakeSource } from './testing/fake-source.ts';

const web = (ports: readonly number[]): Workload => ({
  namespace: 'bookshop',
  name: 'web-0',
  identity: { trustDomain: 'cluster.local', namespace: 'bookshop', serviceAccount: 'web' },
  address: '127.0.1.1',
  ports: ports.map((port) => ({ port, services: [`bookshop/web:${port}`] })),
});

describe('InboundStore', () => {
  it('forwards to announced ports of the local application only, as they come and go', async () => {
    const source = new FakeSource();
    const workload = { namespace: 'bookshop', name: 'web-0' };
    const clock = new FakeClock();
    const store = new InboundStore({ source, workload, appHost: '127.0.0.9', clock, logger: silentLogger });
    await store.start();
    expect(store.missing).toContain('has not been received');
    source.answer('workload', 'bookshop/web-0', null);
    expect(store.missing).toContain('knows no workload bookshop/web-0');
    source.answer('workload', 'bookshop/web-0', web([8080]));
    expect(store.missing).toBeNull();
    expect(store.target(8080)).toEqual({ host: '127.0.0.9', port: 8080, label: 'bookshop/web-0:8080' });
    expect(store.target(22)).toBeNull();
    source.answer('workload', 'bookshop/web-0', web([9090]));
    // Peers that have not heard of it yet still send.
    expect(store.target(8080)).not.toBeNull();
    clock.advance(20_000);
    source.answer('workload', 'bookshop/web-0', web([9090, 7070]));
    clock.advance(10_000);
    expect(store.target(8080)).toBeNull();
    source.answer('workload', 'bookshop/web-0', null);
    expect(store.target(9090)).not.toBeNull();
    await store.stop();
    expect(source.watched).toEqual([]);
  });
});
