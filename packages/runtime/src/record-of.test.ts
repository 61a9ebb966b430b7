import { expect, expectTypeOf, test } from 'vitest';
import { isWithoutNull, recordOf } from './record-of.ts';

interface Sizes {
  readonly name: string;
  readonly count: number;
}

test('each key of the table has what is made for it, in the order of the table', () => {
  const made = recordOf<Record<'b' | 'a', string>>({ b: 1, a: 2 }, (key) => `${key}!`);
  expect(Object.entries(made)).toEqual([
    ['b', 'b!'],
    ['a', 'a!'],
  ]);
});

test('the table has every key, and each value is of the type', () => {
  const source: Sizes = { name: 'x', count: 2 };
  const made = recordOf<Sizes>({ name: null, count: null }, (key) => source[key]);
  expect(made).toEqual(source);
  // @ts-expect-error a key of the type is not in the table
  recordOf<Sizes>({ name: null }, (key) => source[key]);
  // @ts-expect-error no text is a number
  recordOf<Record<'count', number>>({ count: null }, () => 'x');
});

test('a record without null is told from one with', () => {
  const record: Record<'a' | 'b', string | null> = { a: 'x', b: 'y' };
  expect(isWithoutNull({ ...record, b: null })).toBe(false);
  expect(isWithoutNull(record)).toBe(true);
  if (isWithoutNull(record)) expectTypeOf(record.a).toEqualTypeOf<string>();
});
