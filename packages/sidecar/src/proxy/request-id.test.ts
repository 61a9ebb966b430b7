import { describe, expect, it } from 'vitest';
import { RequestIds } from './request-id.ts';

describe('RequestIds', () => {
  it('has the form of a UUID of version 4', () => {
    const ids = new RequestIds();
    ids.next();
    expect(ids.current()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids.line.toString()).toBe(`x-request-id: ${ids.current()}\r\n`);
  });

  it('counts up and carries', () => {
    const ids = new RequestIds(Buffer.from('00000000000000000000000000ff9fff', 'hex'));
    expect(ids.current()).toMatch(/-000000ff9fff$/);
    ids.next();
    expect(ids.current()).toMatch(/-000000ffa000$/);
    const last = new RequestIds(Buffer.alloc(16, 255));
    last.next();
    expect(last.current()).toMatch(/-000000000000$/);
  });

  it('repeats nothing', () => {
    const ids = new RequestIds();
    const seen = new Set<string>();
    for (let i = 0; i < 5_000; i++) {
      ids.next();
      seen.add(ids.current());
    }
    expect(seen.size).toBe(5_000);
  });
});
