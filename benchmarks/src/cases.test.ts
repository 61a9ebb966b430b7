import { expect, test } from 'vitest';
import { benchmarkCases, selectCases } from './cases.ts';

const names = (given: readonly string[], isAll = false) =>
  selectCases(given, isAll).chosen.map((one) => one.name);

test('without names the small bodies are measured', () => {
  expect(names([])).toEqual(['one-hop-h1', 'one-hop-h2c', 'one-hop-grpc', 'two-hop-mtls']);
});

test('a name selects its case alone, though others begin with it', () => {
  expect(names(['one-hop-h1'])).toEqual(['one-hop-h1']);
});

test('a prefix selects every case that begins with it, once and in the order of the table', () => {
  expect(names(['connection-churn', 'one-hop-h1-', 'connection-churn-plain'])).toEqual([
    'one-hop-h1-64k',
    'one-hop-h1-1m',
    'connection-churn-plain',
    'connection-churn-mtls-full',
    'connection-churn-mtls-resumed',
  ]);
});

test('no two cases have the same name', () => {
  const all = benchmarkCases.map((one) => one.name);
  expect(new Set(all).size).toBe(all.length);
});

test('all are all', () => {
  expect(names([], true)).toHaveLength(benchmarkCases.length);
});

test('what selects nothing is told', () => {
  expect(selectCases(['one-hop-h3', 'idle'], false).unknown).toEqual(['one-hop-h3']);
});

test('HTTP/2 has as many requests at a time as HTTP/1.1, on fewer connections', () => {
  for (const one of benchmarkCases) {
    if (one.kind !== 'load' || one.protocol === 'tcp') continue;
    expect(one.connections * one.streams, one.name).toBe(one.bodyBytes > 1024 ? 32 : 64);
  }
});
