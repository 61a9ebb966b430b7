import { silentLogger } from '@tulle/runtime';
import { describe, expect, it } from 'vitest';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  it('says everything that stands in the way, then nothing, then that it drains', async () => {
    let fault: string | null = 'no certificate yet';
    const readiness = new Readiness([() => fault, () => null], silentLogger);
    expect(readiness.reasons()).toEqual(['starting', 'no certificate yet']);
    await readiness.start();
    expect(readiness.reasons()).toEqual(['no certificate yet']);
    fault = null;
    expect(readiness.reasons()).toEqual([]);
    await readiness.stop();
    expect(readiness.reasons()).toEqual(['draining']);
  });

  it('stays not ready once it was told to drain, before the stop', async () => {
    const readiness = new Readiness([() => null], silentLogger);
    await readiness.start();
    readiness.drain();
    expect(readiness.reasons()).toEqual(['draining']);
    await readiness.stop();
    expect(readiness.reasons()).toEqual(['draining']);
  });
});
