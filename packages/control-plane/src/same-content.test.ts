import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameContent } from './same-content.ts';

describe('isSameContent', () => {
  it('says of plain data what node says', () => {
    // As a mesh has it: no -0.
    const value = fc.jsonValue({ maxDepth: 3 }).map((any) => JSON.parse(JSON.stringify(any)));
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(isSameContent(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(isSameContent(a, structuredClone(a))).toBe(true);
      }),
    );
  });

  it('sees a field more, less or changed at any depth', () => {
    const base = { ports: [{ port: 80, services: ['a'], mtls: { mode: 'strict' } }], owner: 'web' };
    const differ = (change: (copy: typeof base) => void) => {
      const copy = structuredClone(base);
      change(copy);
      expect(isSameContent(base, copy)).toBe(false);
      expect(isSameContent(copy, base)).toBe(false);
    };
    differ((copy) => copy.ports[0]!.services.push('b'));
    differ((copy) => Object.assign(copy.ports[0]!.mtls, { mode: 'disable' }));
    differ((copy) => Object.assign(copy.ports[0]!.mtls, { policy: 'x' }));
    differ((copy) => copy.ports.pop());
  });

  it('sees what maps hold', () => {
    const map = (...entries: [string, unknown][]) => ({ labels: new Map(entries) });
    expect(isSameContent(map(['a', { b: 1 }]), map(['a', { b: 1 }]))).toBe(true);
    expect(isSameContent(map(['a', 1], ['b', 2]), map(['b', 2], ['a', 1]))).toBe(true);
    expect(isSameContent(map(['a', { b: 1 }]), map(['a', { b: 2 }]))).toBe(false);
    expect(isSameContent(map(['a', undefined]), map(['b', undefined]))).toBe(false);
    expect(isSameContent(map(), { labels: {} })).toBe(false);
    expect(isSameContent({ labels: {} }, map())).toBe(false);
  });

  it.each([
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, { b: 1 }],
    [[1], { 0: 1 }],
    [{}, []],
    [null, {}],
    [[1, 2], [1]],
    ['1', 1],
  ])('tells %j from %j', (a, b) => {
    expect(isSameContent(a, b)).toBe(false);
    expect(isSameContent(b, a)).toBe(false);
  });
});
