import { describe, expect, it } from 'vitest';
import { PresentStatuses } from './present-statuses.ts';
import { StatusCluster } from './testing/status-cluster.ts';

const name = 'HTTPRoute shop/catalog';

async function following() {
  const cluster = new StatusCluster();
  const told: string[][] = [];
  const { clock, random, logger, client } = cluster;
  const onChange = (names: readonly string[]) => told.push([...names]);
  const present = new PresentStatuses({ client, clock, random, logger, onChange });
  cluster.put('HTTPRoute', { status: { by: 'nobody' } });
  await present.start();
  await expect.poll(() => present.get(name)?.status).toEqual({ by: 'nobody' });
  return { cluster, present, told };
}

describe('PresentStatuses', () => {
  it('has what this process wrote until the watch tells of it', async () => {
    const { cluster, present } = await following();
    const before = present.told(name);
    cluster.isWatchHeld = true;
    const written = cluster.write('HTTPRoute', { by: 'us' });
    present.wrote(written, before);
    expect(present.get(name)?.status).toEqual({ by: 'us' });
    cluster.isWatchHeld = false;
    cluster.write('HTTPRoute', { by: 'another' });
    await expect.poll(() => present.get(name)?.status).toEqual({ by: 'another' });
    await present.stop();
  });

  it('does not take its own write for newer than what the watch told before the answer came', async () => {
    const { cluster, present } = await following();
    const before = present.told(name);
    const written = cluster.write('HTTPRoute', { by: 'us' });
    cluster.write('HTTPRoute', { by: 'another' });
    await expect.poll(() => present.get(name)?.status).toEqual({ by: 'another' });
    present.wrote(written, before);
    expect(present.get(name)?.status).toEqual({ by: 'another' });
    await present.stop();
  });
});
