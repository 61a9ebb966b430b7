import { expect, test } from 'vitest';
import type { SnapshotEntry } from '../snapshot/snapshot.ts';
import { encodeEntry } from './entry-encoder.ts';

function trustBundle(rootsPem: readonly string[]): SnapshotEntry<'trustBundle'> {
  const resource = { trustDomain: 'cluster.local', rootsPem };
  return { kind: 'trustBundle', name: 'cluster.local', aliases: [], version: '1', resource };
}

test('an entry is encoded once, whoever asks', () => {
  const entry = trustBundle(['a']);
  expect(encodeEntry(entry)).toBe(encodeEntry(entry));
  expect(encodeEntry(entry)).not.toBe(encodeEntry(trustBundle(['a'])));
});

test('an entry that no client could receive has a reason in place of bytes', () => {
  expect(encodeEntry(trustBundle(['x'.repeat(4 * 1024 * 1024)]))).toMatchObject({
    ok: false,
    reason: expect.stringContaining('at most'),
  });
});
