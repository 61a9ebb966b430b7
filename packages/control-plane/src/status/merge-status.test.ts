import { describe, expect, it } from 'vitest';
import type { DesiredCondition, DesiredStatus } from './desired-status.ts';
import { controllerName, mergeStatus, type StatusMerge, urgencyOf } from './merge-status.ts';

const nowMs = Date.UTC(2026, 10, 30, 12, 0, 0, 999);
const now = '2026-11-30T12:00:00Z';
const before = '2026-11-01T00:00:00Z';

const condition = (type: string, status: 'True' | 'False', extra: object = {}): DesiredCondition => ({
  type,
  status,
  reason: status === 'True' ? type : 'Fault',
  message: '',
  observedGeneration: 2,
  ...extra,
});
const stood = (desired: DesiredCondition, extra: object = {}) => ({
  ...desired,
  lastTransitionTime: before,
  ...extra,
});
const parentRef = { group: '', kind: 'Service', name: 'catalog', port: 80 };
const route = (...conditions: DesiredCondition[]): DesiredStatus => ({
  kind: 'HTTPRoute',
  namespace: 'shop',
  name: 'catalog',
  generation: 2,
  parents: conditions.length === 0 ? [] : [{ parentRef, conditions }],
});
const policy = (...conditions: DesiredCondition[]): DesiredStatus => ({
  kind: 'PeerAuthentication',
  namespace: 'shop',
  name: 'web',
  generation: 2,
  conditions,
});
const foreign = {
  parentRef: { name: 'gateway', group: 'gateway.networking.k8s.io', kind: 'Gateway' },
  controllerName: 'example.com/gateway',
  conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', anything: ['else'] }],
};

function changed(merge: StatusMerge) {
  if (merge.kind !== 'changed') throw new Error(`is ${merge.kind}`);
  return merge;
}

describe('mergeStatus of a route', () => {
  const accepted = condition('Accepted', 'True');

  it("adds the mesh's entry behind those of others, which stay as they are", () => {
    const present = { parents: [foreign], other: 1 };
    expect(changed(mergeStatus(present, route(accepted), nowMs)).status).toEqual({
      other: 1,
      parents: [
        foreign,
        { parentRef, controllerName, conditions: [{ ...accepted, lastTransitionTime: now }] },
      ],
    });
  });

  it('writes nothing where only the time of transition, the order or foreign fields differ', () => {
    const resolved = condition('ResolvedRefs', 'True');
    const own = { parentRef, controllerName, conditions: [stood(resolved), stood(accepted)] };
    expect(mergeStatus({ parents: [own, foreign] }, route(accepted, resolved), nowMs)).toEqual({
      kind: 'equal',
    });
    const reordered = { ...own, parentRef: { port: 80, name: 'catalog', kind: 'Service', group: '' } };
    expect(mergeStatus({ parents: [reordered] }, route(accepted, resolved), nowMs).kind).toBe('equal');
  });

  it('moves the time of transition with the status alone', () => {
    const own = { parentRef, controllerName, conditions: [stood(accepted), stood(condition('R', 'True'))] };
    const desired = route(condition('Accepted', 'True', { message: 'm' }), condition('R', 'False'));
    const { parents } = changed(mergeStatus({ parents: [own] }, desired, nowMs)).status;
    expect(parents).toMatchObject([
      {
        conditions: [
          { message: 'm', lastTransitionTime: before },
          { status: 'False', lastTransitionTime: now },
        ],
      },
    ]);
  });

  it('removes its entry for a parent that the route no longer has, and none of others', () => {
    const stale = { parentRef: { ...parentRef, port: 81 }, controllerName, conditions: [stood(accepted)] };
    const merge = changed(mergeStatus({ parents: [stale, foreign] }, route(), nowMs));
    expect(merge.status).toEqual({ parents: [foreign] });
    expect(mergeStatus({ parents: [foreign] }, route(), nowMs)).toEqual({ kind: 'equal' });
    const empty = { parentRef, controllerName, conditions: [] };
    expect(changed(mergeStatus({ parents: [empty] }, route(), nowMs)).status).toEqual({ parents: [] });
  });

  it('tells one parent that stands twice from two', () => {
    const own = { parentRef, controllerName, conditions: [stood(accepted)] };
    const merge = changed(mergeStatus({ parents: [own, own] }, route(accepted), nowMs));
    expect(merge.status).toEqual({ parents: [own] });
  });

  it('leaves alone what speaks of a later generation', () => {
    const later = { parentRef, controllerName, conditions: [stood(accepted, { observedGeneration: 3 })] };
    expect(mergeStatus({ parents: [later] }, route(accepted), nowMs)).toEqual({ kind: 'outdated' });
  });

  it.each([undefined, null, 'text', { parents: 'text' }, { parents: [null, 1] }])(
    'writes its entry where the status is %j',
    (present) => {
      const { parents } = changed(mergeStatus(present, route(accepted), nowMs)).status;
      expect(parents).toContainEqual({
        parentRef,
        controllerName,
        conditions: [{ ...accepted, lastTransitionTime: now }],
      });
    },
  );

  it('keeps within what the list may hold', () => {
    const others = Array.from({ length: 32 }, () => foreign);
    expect(mergeStatus({ parents: others }, route(accepted), nowMs)).toEqual({ kind: 'equal' });
  });
});

describe('mergeStatus of a policy', () => {
  it('keeps what else stands in the status, and drops conditions that no longer hold', () => {
    const accepted = condition('Accepted', 'True');
    const present = { conditions: [stood(accepted), stood(condition('Attached', 'True'))], more: 1 };
    expect(changed(mergeStatus(present, policy(accepted), nowMs)).status).toEqual({
      conditions: [stood(accepted)],
      more: 1,
    });
  });
});

describe('urgencyOf', () => {
  const of = (a: object, b: object) => {
    const present = { conditions: [stood(condition('Programmed', 'True', a))] };
    return urgencyOf(
      changed(mergeStatus(present, policy(condition('Programmed', 'True', b)), nowMs)).changes,
    );
  };
  const pending = { status: 'False', reason: 'Pending' };

  it('is low for another count, waits for what may be over soon, and is high for all else', () => {
    expect(of({ message: '1 of 1' }, { message: '2 of 2' })).toBe('count');
    expect(of({}, pending)).toBe('waning');
    expect(of(pending, {})).toBe('high');
    expect(of(pending, { ...pending, message: 'x' })).toBe('count');
    expect(of({ reason: 'NoProxies' }, {})).toBe('high');
    expect(of({}, { reason: 'NoProxies' })).toBe('count');
    expect(of(pending, { ...pending, reason: 'Rejected' })).toBe('high');
    expect(of({}, { status: 'False', reason: 'Rejected' })).toBe('high');
    expect(of({ observedGeneration: 1 }, { message: 'x' })).toBe('high');
    const present = { conditions: [stood(condition('Accepted', 'True'))] };
    const merge = mergeStatus(present, policy(condition('Accepted', 'True', { message: 'x' })), nowMs);
    expect(urgencyOf(changed(merge).changes)).toBe('high');
  });
});
