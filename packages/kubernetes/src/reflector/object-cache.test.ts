import { expect, test } from 'vitest';
import type { RawObject } from '../raw-object.ts';
import { ObjectCache } from './object-cache.ts';

interface Kept {
  readonly zone: string | null;
}

const inZone = (name: string, zone: string | null, resourceVersion: string): RawObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'n', name, resourceVersion },
  zone,
});

function cacheOf() {
  const changed: string[] = [];
  const failures: string[] = [];
  const cache = new ObjectCache<Kept>({
    read: ({ zone }) => (zone === 'left out' ? null : { zone: zone as string | null }),
    onChanged: (key) => changed.push(key),
    onReadFailed: () => {},
    onIndexFailed: (index, thrown) => failures.push(`${index}: ${(thrown as Error).message}`),
  });
  const keysIn = (zone: string) => [...byZone.of(zone).keys()];
  const byZone = cache.addIndex('zone', ({ zone }) => (zone === null ? [] : [zone]));
  return { cache, byZone, keysIn, changed, failures };
}

test('an index follows what comes, changes and goes', () => {
  const { cache, byZone, keysIn } = cacheOf();
  cache.put(inZone('x', 'a', '1'));
  cache.put(inZone('y', 'a', '2'));
  cache.put(inZone('z', null, '3'));
  expect([keysIn('a'), keysIn('b')]).toEqual([['n/x', 'n/y'], []]);
  cache.put(inZone('x', 'b', '4'));
  expect([keysIn('a'), keysIn('b')]).toEqual([['n/y'], ['n/x']]);
  expect(byZone.of('b').get('n/x')).toBe(cache.objects.get('n/x'));
  cache.put(inZone('y', 'left out', '5'));
  cache.remove(inZone('x', 'b', '6'));
  expect([keysIn('a'), keysIn('b')]).toEqual([[], []]);
});

test('a whole new state that is put in place of the old one is in the index at once', () => {
  const { cache, keysIn } = cacheOf();
  for (const name of ['x', 'y', 'z']) cache.put(inZone(name, 'a', '1'));
  const replacement = cache.beginReplacement();
  replacement.put(inZone('x', 'a', '1'));
  replacement.put(inZone('y', 'b', '2'));
  replacement.put(inZone('w', 'a', '2'));
  expect(keysIn('a')).toEqual(['n/x', 'n/y', 'n/z']);
  replacement.commit();
  expect([keysIn('a').sort(), keysIn('b')]).toEqual([['n/w', 'n/x'], ['n/y']]);
});

test('an index that is added later has what was there before', () => {
  const { cache } = cacheOf();
  cache.put(inZone('x', 'a', '1'));
  const late = cache.addIndex('late', ({ zone }) => [zone ?? '']);
  expect([...late.of('a').keys()]).toEqual(['n/x']);
});

test('an index has a change when it is told of', () => {
  const seen: number[] = [];
  const cache: ObjectCache<Kept> = new ObjectCache<Kept>({
    read: ({ zone }) => ({ zone: String(zone) }),
    onChanged: () => seen.push(byZone.of('a').size),
    onReadFailed: () => {},
    onIndexFailed: () => {},
  });
  const byZone = cache.addIndex('zone', ({ zone }) => [zone ?? '']);
  cache.put(inZone('x', 'a', '1'));
  cache.remove(inZone('x', 'a', '2'));
  expect(seen).toEqual([1, 0]);
});

test('an index whose function throws leaves the object out, and harms neither the cache nor another index', () => {
  const { cache, keysIn, changed, failures } = cacheOf();
  cache.addIndex('broken', () => {
    throw new Error('no such field');
  });
  cache.put(inZone('x', 'a', '1'));
  cache.remove(inZone('x', 'a', '2'));
  expect(changed).toEqual(['n/x', 'n/x']);
  expect(keysIn('a')).toEqual([]);
  expect(failures).toEqual(['broken: no such field', 'broken: no such field']);
});
