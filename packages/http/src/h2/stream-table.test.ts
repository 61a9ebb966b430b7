import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { H2Stream } from './h2-stream.ts';
import { StreamTable } from './stream-table.ts';

function stream(id: number): H2Stream {
  return { id } as H2Stream;
}

describe('StreamTable', () => {
  it('finds what a Map would, whatever comes and goes', () => {
    const step = fc.record({ isOpen: fc.boolean(), pick: fc.nat(), gap: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new StreamTable();
        const model = new Map<number, H2Stream>();
        let nextId = 1;
        for (const { isOpen, pick, gap } of steps) {
          if (isOpen) {
            nextId += 2 * gap + 2;
            model.set(nextId, stream(nextId));
            table.add(model.get(nextId)!);
          } else if (model.size > 0) {
            const gone = [...model.values()][pick % model.size]!;
            model.delete(gone.id);
            table.delete(gone);
            expect(table.get(gone.id)).toBeUndefined();
          }
          for (const [id, it] of model) expect(table.get(id)).toBe(it);
        }
        expect(new Set(table.all())).toEqual(new Set(model.values()));
      }),
      { numRuns: 50 },
    );
  });

  it('holds thousands that stay open', () => {
    const table = new StreamTable();
    const streams = Array.from({ length: 5000 }, (_, i) => stream(2 * i + 1));
    for (const it of streams) table.add(it);
    for (const it of streams) expect(table.get(it.id)).toBe(it);
    expect(table.all()).toHaveLength(5000);
    expect(table.get(10_001)).toBeUndefined();
  });
});
