import { FakeClock } from '@tulle/testkit';
import { describe, expect, it } from 'vitest';
import { AuthorityEvents } from './authority-events.ts';

const dayMs = 86_400_000;

describe('AuthorityEvents', () => {
  it('does not tell of days that are left where none is', async () => {
    const clock = new FakeClock();
    const told: string[] = [];
    const events = new AuthorityEvents({
      authority: { endingCertificates: () => [{ role: 'root', days: -3 }], storeFault: null },
      elector: { isLeader: true },
      events: { record: ({ note }) => told.push(note) },
      meshNamespace: 'tulle-system',
      clock,
    });
    await events.start();
    clock.advance(60_000);
    expect(told).toEqual([expect.stringMatching(/^a root certificate has ended: .*take it out/)]);
    await events.stop();
  });

  it('tells the same once a day, from the leader alone', async () => {
    const clock = new FakeClock();
    const elector = { isLeader: false };
    const told: string[] = [];
    const authority = {
      endingCertificates: () => [{ role: 'root', days: 9 } as const],
      storeFault: null as string | null,
    };
    const events = new AuthorityEvents({
      authority,
      elector,
      events: { record: ({ reason, note }) => told.push(`${reason}: ${note}`) },
      meshNamespace: 'tulle-system',
      clock,
    });
    await events.start();
    clock.advance(dayMs);
    expect(told).toEqual([]);
    elector.isLeader = true;
    clock.advance(dayMs - 120_000);
    expect(told).toEqual([expect.stringMatching(/^RootExpiresSoon: the root certificate ends in 9 days/)]);
    authority.storeFault = 'the Secret lacks root.pem';
    clock.advance(dayMs);
    expect(told).toHaveLength(3);
    await events.stop();
    expect(clock.pendingTasks).toBe(0);
  });
});
