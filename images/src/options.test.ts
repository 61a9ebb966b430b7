import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without arguments all images are made, by their default names', () => {
  expect(parseOptions([])).toMatchObject({ registry: 'tulle.dev', version: null, hasSourceMaps: false });
  expect(parseOptions([]).names).toContain('sidecar');
});

test('images are chosen by name, in commas or one by one', () => {
  expect(parseOptions(['--only', 'sidecar,bookshop']).names).toEqual(['sidecar', 'bookshop']);
  expect(parseOptions(['--only', 'bookshop', '--only', 'sidecar']).names).toEqual(['sidecar', 'bookshop']);
});

test('every fault of the command line is told at once', () => {
  const faults = () => parseOptions(['--only', 'nothing', '--registry', 'Not A Host', '--version=-x-']);
  expect(faults).toThrow(/no image nothing[\s\S]*"Not A Host"[\s\S]*"-x-"/);
});

test.each(['localhost:5000', 'ghcr.io/tulle/mesh', 'tulle.dev'])('%s is a registry', (registry) => {
  expect(parseOptions(['--registry', registry]).registry).toBe(registry);
});
