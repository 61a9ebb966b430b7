import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SecondaryIndex } from './secondary-index.ts';

interface Tagged {
  readonly tags: readonly string[];
}

const tagged = (...tags: readonly string[]): Tagged => ({ tags });
const byTag = () => new SecondaryIndex<Tagged>(({ tags }) => tags);

test('an object is found under each of its values, and no longer once it has others or is gone', () => {
  const index = byTag();
  const [first, second] = [tagged('a', 'b'), tagged('b', 'c')];
  index.update('x', undefined, first);
  expect([...index.of('a')]).toEqual([['x', first]]);
  index.update('x', first, second);
  expect(index.of('a').size).toBe(0);
  expect(index.of('b').get('x')).toBe(second);
  index.update('x', second, undefined);
  for (const tag of ['a', 'b', 'c']) expect(index.of(tag).size).toBe(0);
});

test('a change tells under which values it is seen', () => {
  const index = byTag();
  expect([...index.update('x', undefined, tagged('a', 'a'))]).toEqual(['a']);
  expect([...index.update('x', tagged('a'), tagged('b'))].sort()).toEqual(['a', 'b']);
  expect([...index.update('x', tagged('b'), undefined)]).toEqual(['b']);
});

test('an object without a value is under none', () => {
  const index = byTag();
  expect(index.update('x', undefined, tagged()).size).toBe(0);
  expect(index.of('').size).toBe(0);
});

test('whatever comes, changes and goes, it says what a scan of all objects would', () => {
  const tags = fc.constantFrom('a', 'b', 'c', 'd');
  const change = fc.record({
    key: fc.constantFrom('x', 'y', 'z'),
    after: fc.option(fc.record({ tags: fc.array(tags, { maxLength: 3 }) }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const index = byTag();
      const objects = new Map<string, Tagged>();
      for (const { key, after } of changes) {
        index.update(key, objects.get(key), after);
        if (after === undefined) objects.delete(key);
        else objects.set(key, after);
        for (const tag of ['a', 'b', 'c', 'd']) {
          const scanned = [...objects].filter(([, object]) => object.tags.includes(tag));
          expect(new Map(index.of(tag))).toEqual(new Map(scanned));
        }
      }
    }),
  );
});
