import { expect, test } from 'vitest';
import { refusalOfJump } from './upgrade-rules.ts';

test.each([
  ['0.1.0', '0.1.0'],
  ['0.1.0', '0.1.7'],
  ['0.1.9', '0.2.0'],
  ['0.9.3', '1.0.0'],
  ['1.2.3', '1.3.0-rc.1'],
  ['sha-3f2a', '0.1.0'],
])('from %s to %s is one step', (installed, wanted) => {
  expect(refusalOfJump(installed, wanted)).toBeNull();
});

test.each([
  ['0.2.0', '0.1.9', 'older'],
  ['0.1.1', '0.1.0', 'older'],
  ['0.1.0', '0.3.0', 'more than one minor version'],
  ['0.9.0', '1.1.0', 'more than one minor version'],
  ['1.0.0', '3.0.0', 'more than one minor version'],
])('from %s to %s is refused', (installed, wanted, why) => {
  expect(refusalOfJump(installed, wanted)).toContain(why);
});
