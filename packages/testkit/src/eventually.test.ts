import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';

describe('eventually', () => {
  it('gives what the assertion returned once it held', async () => {
    let calls = 0;
    const attempt = async () => {
      if (++calls < 3) throw new Error('not yet');
      return calls;
    };
    expect(await eventually(attempt, { intervalMs: 1 })).toBe(3);
  });

  it('fails with the last failure', async () => {
    const attempt = () => expect(1).toBe(2);
    await expect(eventually(attempt, { timeoutMs: 20, intervalMs: 1 })).rejects.toThrow(
      /still failing after 20 ms: expected 1 to be 2/,
    );
  });
});
