import { describe, expect, test } from 'vitest';
import { ManifestNode, type ManifestReport } from '../manifest-node.ts';
import { proxyOptionKeys, proxyOptions } from './proxy-options.ts';
import { quantityValue } from './quantity.ts';
import { readConfigAnnotations, readProxyOverrides } from './read-overrides.ts';

const named = (name: string, value: unknown) => ({ [`config.tulle.dev/${name}`]: value });
const told = (list: readonly { path: string; reason: string }[]) =>
  list.map(({ path, reason }) => `${path}: ${reason}`);

describe('an option', () => {
  test.each(proxyOptionKeys)('%s takes its own example', (key) => {
    const { name, example } = proxyOptions[key];
    const { overrides, violations, warnings } = readConfigAnnotations(named(name, example));
    expect({ violations, warnings }).toEqual({ violations: [], warnings: [] });
    expect(Object.keys(overrides)).toEqual([key]);
  });

  test('has a name of its own', () => {
    const names = proxyOptionKeys.map((key) => proxyOptions[key].name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('annotations', () => {
  test('of others are left alone', () => {
    expect(readConfigAnnotations({ 'example.com/log-level': 'x' })).toEqual({
      overrides: {},
      violations: [],
      warnings: [],
    });
  });

  test('are all judged, each at its path', () => {
    const { violations } = readConfigAnnotations({ ...named('workers', '65'), ...named('drain-seconds', 7) });
    expect(told(violations)).toEqual([
      'metadata.annotations["config.tulle.dev/drain-seconds"]: must be a text, not 7: put it in quotes',
      'metadata.annotations["config.tulle.dev/workers"]: must be a whole number from 1 to 64, not "65"',
    ]);
  });

  test('do not lead mesh traffic to a port that the sidecar has for something else', () => {
    const told15020 = told(readConfigAnnotations(named('inbound-port', '15020')).violations);
    expect(told15020).toEqual([
      'metadata.annotations["config.tulle.dev/inbound-port"]: must be a whole number from 1 to 65535 other than 15001, 15000, 15020, not "15020"',
    ]);
  });

  test('that are misspelt are warned of with the name that is near', () => {
    expect(told(readConfigAnnotations(named('acess-log', 'json')).warnings)).toEqual([
      'metadata.annotations["config.tulle.dev/acess-log"]: is no known setting: is config.tulle.dev/access-log meant?',
    ]);
  });
});

describe('options in YAML', () => {
  const read = (value: unknown) => {
    const report: ManifestReport = { violations: [], warnings: [] };
    return { overrides: readProxyOverrides(new ManifestNode(value, 'proxy', report)), ...report };
  };

  test('are numbers, texts and lists of them', () => {
    const yaml = { workers: 2, cpuLimit: 1, memoryLimit: 'none', excludedOutboundPorts: [5432, '9000-9010'] };
    expect(read(yaml)).toEqual({
      overrides: {
        workers: 2,
        cpuLimit: '1',
        memoryLimit: null,
        excludedOutboundPorts: ['5432', '9000-9010'],
      },
      violations: [],
      warnings: [],
    });
  });

  test('are judged and told of as annotations are', () => {
    const { violations, warnings } = read({ workers: 0, logLevel: { a: 1 }, logLeve: 'info' });
    expect(told(violations)).toEqual([
      'proxy.logLevel: must be a text, a number, or a list of them',
      'proxy.workers: must be a whole number from 1 to 64, not "0"',
    ]);
    expect(told(warnings)).toEqual(['proxy.logLeve: is not a known field']);
  });
});

test.each([
  ['1', 1],
  ['50m', 0.05],
  ['1.5', 1.5],
  ['128Mi', 128 * 2 ** 20],
  ['1e3', 1_000],
  ['', null],
  ['-1', null],
  ['1MB', null],
  ['Mi', null],
])('the quantity %s is %s', (text, value) => {
  expect(quantityValue(text)).toBe(value);
});
