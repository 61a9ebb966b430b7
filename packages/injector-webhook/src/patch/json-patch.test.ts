import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { jsonPatch } from './json-patch.ts';

const key = fc.constantFrom('a', 'b', 'x/y', '~');
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 3 }),
    fc.dictionary(key, tie('value')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .uniqueArray(fc.constantFrom('p', 'q', 'r', 's', 't'))
      .chain((names) =>
        fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), v: tie('value') }))),
      ),
  ),
}));

describe('jsonPatch', () => {
  test('makes one of the other, as another implementation applies it', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.dictionary(key, value), (from, to) => {
        const found = structuredClone(from);
        const errors = applyPatch(found, structuredClone([...jsonPatch(from, to)]) as never);
        expect(errors.filter((error) => error !== null)).toEqual([]);
        expect(found).toEqual(to);
      }),
      { numRuns: 300 },
    );
  });

  test('says nothing where nothing has changed', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(jsonPatch(one, structuredClone(one))).toEqual([]);
      }),
    );
  });

  test('takes no more time or memory for a list than it has members', () => {
    const list = Array.from({ length: 20_000 }, (_, i) => ({ name: `n${i}` }));
    const [first, ...rest] = list;
    expect(jsonPatch(list, [...rest, first])).toEqual([
      { op: 'remove', path: '/0' },
      { op: 'add', path: '/19999', value: first },
    ]);
  });

  test('moves as few members of a list as it can', () => {
    const list = (names: string) => [...names].map((name) => ({ name }));
    expect(jsonPatch(list('abcd'), list('dabce'))).toEqual([
      { op: 'remove', path: '/3' },
      { op: 'add', path: '/0', value: { name: 'd' } },
      { op: 'add', path: '/4', value: { name: 'e' } },
    ]);
  });
});
