import { readConfigAnnotations } from '@tulle/api';
import { expect, it } from 'vitest';
import { defaultDiscoveryLimits } from './discovery-limits.ts';

const areAllowed = (workers: number) =>
  readConfigAnnotations({ 'config.tulle.dev/workers': `${workers}` }).violations.length === 0;

it('has a stream for each worker of the largest sidecar, also while all of them reconnect', () => {
  let workers = 1;
  while (areAllowed(workers + 1)) workers++;
  expect(workers).toBeGreaterThan(1);
  expect(defaultDiscoveryLimits.streamsPerProxy).toBeGreaterThanOrEqual(2 * workers);
});
