import type { MtlsRule } from '@tulle/model';
import { silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { InboundStore } from './inbound-store.ts';
import { FakeSource, workload } from './testing/fake-source.ts';

const web = (ports: readonly number[]) => workload({}, ports);

const strict: MtlsRule = { mode: 'strict', policy: 'bookshop/strict' };

async function startStore(source: FakeSource, clock = new FakeClock()): Promise<InboundStore> {
  const store = new InboundStore({
    source,
    workload: { namespace: 'bookshop', name: 'web-0' },
    appHost: '127.0.0.9',
    clock,
    logger: silentLogger,
  });
  await store.start();
  return store;
}

describe('InboundStore', () => {
  it('forwards to announced ports of the local application only, as they come and go', async () => {
    const source = new FakeSource();
    const clock = new FakeClock();
    const store = await startStore(source, clock);
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

  it('has a rule for every port once the workload is known, and none before', async () => {
    const source = new FakeSource();
    const store = await startStore(source);
    expect(store.rule(8080)).toBeNull();
    const own = { ...web([8080]), defaultMtls: strict };
    source.answer('workload', 'bookshop/web-0', own);
    const mtls = { mode: 'permissive', policy: 'default' };
    expect(store.rule(8080)).toEqual({ mtls, protocol: 'http', label: 'bookshop/web-0:8080' });
    expect(store.rule(22)).toEqual({ mtls: strict, protocol: 'detect', label: 'bookshop/web-0:22' });
    source.answer('workload', 'bookshop/web-0', null);
    expect(store.rule(22)?.mtls).toBe(strict);
  });

  it('does not let peers reach a port by name that only a policy names', async () => {
    const source = new FakeSource();
    const store = await startStore(source);
    const ports = [{ port: 22, services: [], protocol: 'detect' as const, mtls: strict }];
    source.answer('workload', 'bookshop/web-0', workload({ ports }));
    expect(store.rule(22)?.mtls).toBe(strict);
    expect(store.target(22)).toBeNull();
  });

  it('tells of changes until it is told that nobody listens', async () => {
    const source = new FakeSource();
    const store = await startStore(source);
    const modes: (string | undefined)[] = [];
    const end = store.onChange(() => modes.push(store.rule(8080)?.mtls.mode));
    source.answer('workload', 'bookshop/web-0', web([8080]));
    source.answer('workload', 'bookshop/web-0', workload({ defaultMtls: strict }));
    end();
    source.answer('workload', 'bookshop/web-0', web([8080]));
    expect(modes).toEqual(['permissive', 'strict']);
  });
});
