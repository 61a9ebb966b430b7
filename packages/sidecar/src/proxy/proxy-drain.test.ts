import { silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OpenConnection } from './downstream-context.ts';
import { ProxyDrain } from './proxy-drain.ts';

let clock: FakeClock;
let inbound: FakeSide;
let outbound: FakeSide;

class FakeSide {
  readonly connections = new Set<OpenConnection>();
  isAccepting = true;
  drained = 0;
  cut = 0;

  async stopAccepting(): Promise<void> {
    this.isAccepting = false;
  }

  /** Open until `end` is called; `isIdle`: it goes as soon as it is told. */
  open(isIdle = false): () => void {
    const end = () => void this.connections.delete(connection);
    const connection = {
      drain: () => {
        this.drained++;
        if (isIdle) end();
      },
      cutAtDeadline: () => {
        this.cut++;
        end();
      },
    } as OpenConnection;
    this.connections.add(connection);
    return end;
  }
}

beforeEach(() => {
  clock = new FakeClock();
  inbound = new FakeSide();
  outbound = new FakeSide();
});

const drainOf = (delayMs = 0) => new ProxyDrain({ inbound, outbound, delayMs, clock, logger: silentLogger });

function finish(drain: ProxyDrain, deadlineMs: number): { isOver: boolean } {
  const state = { isOver: false };
  drain.finish(deadlineMs).then(() => {
    state.isOver = true;
  });
  return state;
}

describe('ProxyDrain', () => {
  it('is over at once where nothing is open', async () => {
    await drainOf().finish(10_000);
    expect([inbound.isAccepting, outbound.isAccepting]).toEqual([false, false]);
    expect(clock.pendingTasks).toBe(0);
  });

  it('accepts everything during the delay, then nothing from peers', async () => {
    inbound.open(true);
    const end = outbound.open();
    const drained = finish(drainOf(3_000), 10_000);
    await clock.advanceAsync(2_900);
    expect([inbound.isAccepting, inbound.drained]).toEqual([true, 0]);
    await clock.advanceAsync(100);
    expect([inbound.isAccepting, inbound.drained]).toEqual([false, 1]);
    end();
    await clock.advanceAsync(100);
    expect(drained.isOver).toBe(true);
  });

  it('leaves outbound to the application until it has no connection any more', async () => {
    const end = outbound.open();
    const drained = finish(drainOf(), 10_000);
    await clock.advanceAsync(5_000);
    expect([outbound.isAccepting, outbound.drained, drained.isOver]).toEqual([true, 0, false]);
    const endAnother = outbound.open();
    end();
    await clock.advanceAsync(2_000);
    expect(outbound.isAccepting).toBe(true);
    endAnother();
    await clock.advanceAsync(100);
    expect([outbound.isAccepting, outbound.cut, drained.isOver]).toEqual([false, 0, true]);
  });

  it('leaves outbound open for as long as a peer is still served', async () => {
    const end = inbound.open();
    const drained = finish(drainOf(), 10_000);
    await clock.advanceAsync(5_000);
    expect([inbound.isAccepting, inbound.drained, outbound.isAccepting]).toEqual([false, 1, true]);
    end();
    await clock.advanceAsync(100);
    expect(drained.isOver).toBe(true);
  });

  it('tells outbound near the end, and cuts what is left at it', async () => {
    inbound.open();
    outbound.open(true);
    outbound.open();
    const drained = finish(drainOf(), 10_000);
    await clock.advanceAsync(7_900);
    expect(outbound.isAccepting).toBe(true);
    await clock.advanceAsync(200);
    expect([outbound.isAccepting, outbound.drained, outbound.connections.size]).toEqual([false, 2, 1]);
    await clock.advanceAsync(1_800);
    expect(drained.isOver).toBe(false);
    await clock.advanceAsync(200);
    expect([inbound.cut, outbound.cut, drained.isOver]).toEqual([1, 1, true]);
    expect(clock.pendingTasks).toBe(0);
  });

  it('tells a connection that arrives late, and each only once', async () => {
    inbound.open();
    finish(drainOf(), 10_000);
    await clock.advanceAsync(100);
    inbound.open();
    await clock.advanceAsync(1_000);
    expect(inbound.drained).toBe(2);
  });

  it('may begin long before the stop, and goes on from there', async () => {
    inbound.open(true);
    const end = outbound.open();
    const drain = drainOf(1_000);
    drain.begin();
    drain.begin();
    await clock.advanceAsync(60_000);
    expect([inbound.isAccepting, outbound.isAccepting, drain.hasClosedInbound]).toEqual([false, true, true]);
    expect(drain.describe()).toEqual({
      isDraining: true,
      inbound: { isAccepting: false, connections: 0 },
      outbound: { isAccepting: true, connections: 1 },
    });
    const drained = finish(drain, 10_000);
    end();
    await clock.advanceAsync(20);
    expect(drained.isOver).toBe(true);
  });

  it('waits for nothing where there is no time', async () => {
    inbound.open();
    outbound.open();
    await drainOf(5_000).finish(0);
    expect([inbound.cut, outbound.cut]).toEqual([1, 1]);
  });
});
