import { describe, expect, it } from 'vitest';
import { SeriesTable } from './series-table.ts';

function tableOf(maxSeries = 100): SeriesTable {
  return new SeriesTable({ name: 't', labelNames: ['a', 'b'], width: 3, maxSeries });
}

describe('SeriesTable', () => {
  it('keeps every number as it grows', () => {
    const table = tableOf(1_000);
    const offsets = Array.from({ length: 500 }, (_, i) => table.acquire([String(i), 'x']));
    for (const [i, at] of offsets.entries()) table.values[at + 2] = i;
    for (let i = 500; i < 1_000; i++) table.acquire([String(i), 'x']);
    expect(offsets.map((at) => table.sum(at))).toEqual(offsets.map((_, i) => i));
    expect(new Set(offsets).size).toBe(500);
  });

  it('drops a series with its last holder, and gives its place to another, from zero', () => {
    const table = tableOf();
    const at = table.acquire(['1', '']);
    expect(table.acquire(['1', ''])).toBe(at);
    table.values[at] = 7;
    table.release(at);
    expect([...table.entries()].map(({ labels }) => labels)).toEqual([['1', '']]);
    table.release(at);
    expect(table.size).toBe(0);
    expect(table.acquire(['2', ''])).toBe(at);
    expect(table.sum(at)).toBe(0);
  });

  it('shares one series beyond the limit until there is room again', () => {
    const table = tableOf(2);
    const first = table.acquire(['1', '']);
    table.acquire(['2', '']);
    const beyond = table.acquire(['3', '']);
    expect(table.acquire(['4', ''])).toBe(beyond);
    expect([table.isOverflow(first), table.isOverflow(beyond)]).toEqual([false, true]);
    table.release(beyond);
    table.release(beyond);
    table.release(first);
    expect(table.isOverflow(table.acquire(['3', '']))).toBe(false);
  });
});
