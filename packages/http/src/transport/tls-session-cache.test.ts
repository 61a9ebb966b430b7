import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { TlsSessionCache } from './tls-session-cache.ts';

describe('TlsSessionCache', () => {
  it('is bounded, and binds a session to its context', () => {
    const cache = new TlsSessionCache(2);
    const [one, other] = [createSecureContext(), createSecureContext()];
    const certificate = { uris: [], raw: Buffer.alloc(0), validToMs: 0 };
    for (const key of ['a', 'b', 'c']) cache.set(key, one, { session: Buffer.from(key), certificate });
    expect(cache.get('a', one)).toBeUndefined();
    expect(cache.get('b', one)?.session.toString()).toBe('b');
    expect(cache.get('c', other)).toBeUndefined();
    expect(cache.size).toBe(1);
  });
});
