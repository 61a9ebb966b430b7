import { describe, expect, it } from 'vitest';
import { chooseBackend } from './choose-backend.ts';
import { loadRawBinding } from './raw-binding.ts';

describe('chooseBackend', () => {
  it('finds the raw handles on the node that the workspace brings', () => {
    expect(loadRawBinding()).not.toBeNull();
    expect([chooseBackend(), chooseBackend('auto'), chooseBackend('handle')]).toEqual([
      'handle',
      'handle',
      'handle',
    ]);
  });

  it('can be told', () => expect(chooseBackend('socket')).toBe('socket'));
});
