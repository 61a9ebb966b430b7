import { expect, test } from 'vitest';
import { initHelp, parseInitArguments } from './init-arguments.ts';

test('without arguments the rules are made', () => {
  expect(parseInitArguments([])).toEqual({ action: 'apply', env: {}, faults: [] });
});

test('options become variables, in either form', () => {
  expect(parseInitArguments(['--dry-run', '--proxy-uid', '2000', '--backend=nft'])).toEqual({
    action: 'dry-run',
    env: { TULLE_PROXY_UID: '2000', TULLE_CAPTURE_BACKEND: 'nft' },
    faults: [],
  });
});

test('every fault is told, prototype names too', () => {
  expect(
    parseInitArguments(['--check', '--clean-up', 'constructor', '--dry-run=1', '--ipv6']).faults,
  ).toEqual([
    'constructor: is no option; --help lists them',
    '--dry-run=1: is no option; --help lists them',
    '--ipv6: needs a value',
    '--check and --clean-up: one at a time',
  ]);
});

test('help wins, and names each option with its variable', () => {
  expect(parseInitArguments(['--nonsense', '--help'])).toMatchObject({ action: 'help', faults: [] });
  expect(initHelp()).toMatch(/--excluded-outbound-cidrs VALUE .*TULLE_EXCLUDED_OUTBOUND_CIDRS/);
});
