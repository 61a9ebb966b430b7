import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DynamicTable } from './dynamic-table.ts';
import { tableOf } from './testing/blocks.ts';

/** A table, and the list that RFC 7541 section 4 describes, which it must equal after each step. */
class Modelled {
  readonly table: DynamicTable;
  #entries: [string, string][] = [];
  #inserted = 0;

  constructor(capacity: number) {
    this.table = new DynamicTable(capacity);
  }

  insert(nameLength: number, valueLength: number): void {
    const name = String.fromCharCode(97 + (this.#inserted % 26)).repeat(nameLength);
    const value = String(this.#inserted++)
      .padEnd(valueLength, '.')
      .slice(0, valueLength);
    const fits = this.table.insert(Buffer.from(`##${name}: ${value}\r\n`), 2, nameLength, valueLength, 0);
    expect(fits).toBe(nameLength + valueLength + 32 <= this.table.capacity);
    this.#entries = [[name, value], ...this.#entries];
    this.#check();
  }

  resize(capacity: number): void {
    this.table.resize(capacity);
    this.#check();
  }

  #size(): number {
    return this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  #check(): void {
    while (this.#size() > this.table.capacity) this.#entries.pop();
    expect(tableOf(this.table)).toEqual({ entries: this.#entries, size: this.#size() });
  }
}

describe('DynamicTable', () => {
  it('is a list that RFC 7541 section 4 describes, whatever comes', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ insert: fc.tuple(fc.nat(5), fc.nat(20)) }) },
      { weight: 10, arbitrary: fc.record({ insert: fc.tuple(fc.nat(30), fc.nat(200)) }) },
      { weight: 1, arbitrary: fc.record({ resize: fc.constantFrom(0, 50, 300, 1000, 5000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const modelled = new Modelled(1000);
        for (const each of steps) {
          if ('resize' in each) modelled.resize(each.resize);
          else modelled.insert(...each.insert);
          expect(modelled.table.text.length).toBeLessThanOrEqual(10_000);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('keeps old lines from new ones once it may grow, at turn %d', (turn) => {
    const modelled = new Modelled(300);
    // Round and round a text of a few lines, until the newest lie before the oldest.
    for (let i = 0; i < 20 + turn; i++) modelled.insert(1, 60);
    modelled.resize(5000);
    for (let i = 0; i < 30; i++) modelled.insert(2, 50);
  });

  it('puts a line before the oldest only where it fits', () => {
    for (let valueLength = 150; valueLength < 250; valueLength++) {
      const modelled = new Modelled(300);
      for (let i = 0; i < 6; i++) modelled.insert(1, 60);
      modelled.resize(5000);
      modelled.insert(1, valueLength);
    }
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
