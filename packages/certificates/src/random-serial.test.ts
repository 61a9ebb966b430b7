import { expect, it } from 'vitest';
import { randomSerial } from './random-serial.ts';

it('makes serial numbers that are positive, of full length, and never the same', () => {
  const serials = Array.from({ length: 1_000 }, randomSerial);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  expect(new Set(serials).size).toBe(serials.length);
});
