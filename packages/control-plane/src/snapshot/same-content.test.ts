import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameContent } from './same-content.ts';

describe('isSameContent', () => {
  it('says of plain data what node says', () => {
    const value = fc.jsonValue({ maxDepth: 3, noUnicodeString: true } as never);
    fc.assert(
      fc.property(value, value, (a, b) => {
        const isPlain = !JSON.stringify([a, b]).match(/-0|__proto__/);
        fc.pre(isPlain);
        expect(isSameContent(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(isSameContent(a, structuredClone(a))).toBe(true);
      }),
    );
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
