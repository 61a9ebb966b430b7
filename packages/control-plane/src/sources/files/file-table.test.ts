import { describe, expect, it } from 'vitest';
import { FileTable } from './file-table.ts';
import type { Listing } from './list-files.ts';

function listing(names: readonly string[], unreadable: readonly string[] = []): Listing {
  const files = names.map((name) => ({ name, path: `/${name}`, fingerprint: '1', modifiedMs: 0 }));
  return { files, directories: [], unreadable: new Map(unreadable.map((name) => [name, 'EACCES'])) };
}

describe('FileTable', () => {
  it('does not hold for missing what it cannot look at', () => {
    const table = new FileTable();
    table.observe(listing(['a.yaml', 'sub/b.yaml', 'sub2/c.yaml']), 0);
    table.observe(listing([], ['sub/', 'a.yaml']), 10);
    expect(table.missing().map(({ name, missingSinceMs }) => [name, missingSinceMs])).toEqual([
      ['sub2/c.yaml', 10],
    ]);
    table.observe(listing([], ['sub/']), 20);
    expect(table.missing().map(({ name, missingSinceMs }) => [name, missingSinceMs])).toEqual([
      ['a.yaml', 20],
      ['sub2/c.yaml', 10],
    ]);
  });

  it('lets a file that is missing for a moment give way to one that has its objects now', () => {
    const table = new FileTable();
    table.observe(listing(['a.yaml']), 0);
    table.observe(listing(['b.yaml']), 10);
    expect(table.inForce().map(({ name }) => name)).toEqual(['b.yaml', 'a.yaml']);
  });

  it('shows the good documents of a file until it has once been whole, then its last good content', () => {
    const table = new FileTable();
    const objects = () => table.inForce()[0]!.objects.map(({ place }) => place);
    const content = (place: string, isGood: boolean) => ({
      objects: [{ place, object: {} as never }],
      faults: isGood ? [] : [{ severity: 'error' as const, place, path: '', reason: 'bad' }],
      foreignTypes: [],
    });
    table.observe(listing(['a.yaml']), 0);
    table.take('a.yaml', '1', content('first', false));
    expect(objects()).toEqual(['first']);
    table.take('a.yaml', '2', content('second', true));
    table.take('a.yaml', '3', content('third', false));
    expect(objects()).toEqual(['second']);
    expect(table.inForce()[0]!.faults).toHaveLength(1);
  });
});
