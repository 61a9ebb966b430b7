import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamicTable } from './dynamic-table.ts';
import { tableOf } from './testing/blocks.ts';

describe('DynamicTable', () => {
  it('is a list that RFC 7541 section 4 describes, whatever comes', () => {
    const step = fc.oneof(
      fc.record({ insert: fc.tuple(fc.nat(30), fc.nat(200)) }),
      fc.record({ resize: fc.constantFrom(0, 50, 300, 1000, 5000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new DynamicTable(1000);
        let model: [string, string][] = [];
        let capacity = 1000;
        const sizeOf = () => model.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
        for (const [i, each] of steps.entries()) {
          if ('resize' in each) {
            capacity = each.resize;
            table.resize(capacity);
          } else {
            const name = String.fromCharCode(97 + (i % 26)).repeat(each.insert[0]);
            const value = String(i).padEnd(each.insert[1], '.');
            const line = Buffer.from(`##${name}: ${value}\r\n`);
            const fits = table.insert(line, 2, name.length, value.length, i);
            model = [[name, value], ...model];
            expect(fits).toBe(name.length + value.length + 32 <= capacity);
          }
          while (sizeOf() > capacity) model.pop();
          expect(tableOf(table)).toEqual({ entries: model, size: sizeOf() });
          expect(table.text.length).toBeLessThanOrEqual(10_000);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stays within twice its capacity, however often it wraps', () => {
    const table = new DynamicTable(1000);
    for (let i = 0; i < 5000; i++) {
      const value = 'v'.repeat((i * 37) % 900);
      table.insert(Buffer.from(`n: ${value}\r\n`), 0, 1, value.length, 0);
    }
    expect(table.text.length).toBeLessThanOrEqual(2000);
    expect(table.mask).toBeLessThan(64);
  });

  it('takes no memory before it is used', () => {
    const table = new DynamicTable(4096);
    expect([table.text.length, table.entries.length]).toEqual([0, 0]);
  });
});
