import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import { RequestIds } from './request-id.ts';
import { RequestText } from './request-text.ts';

/** As a log line gets it. */
function idOf(ids: RequestIds): string {
  const text = new RequestText();
  const head = new RequestHead();
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  text.capture(head);
  ids.capture(text);
  return text.requestId;
}

describe('RequestIds', () => {
  it('has the form of a UUID of version 4', () => {
    const ids = new RequestIds();
    ids.next();
    expect(idOf(ids)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids.line.toString()).toBe(`x-request-id: ${idOf(ids)}\r\n`);
  });

  it('counts up and carries', () => {
    const ids = new RequestIds(Buffer.from('00000000000000000000000000ff9fff', 'hex'));
    expect(idOf(ids)).toMatch(/-000000ff9fff$/);
    ids.next();
    expect(idOf(ids)).toMatch(/-000000ffa000$/);
    const last = new RequestIds(Buffer.alloc(16, 255));
    last.next();
    expect(idOf(last)).toMatch(/-000000000000$/);
  });

  it('repeats nothing', () => {
    const ids = new RequestIds();
    const seen = new Set<string>();
    for (let i = 0; i < 5_000; i++) {
      ids.next();
      seen.add(idOf(ids));
    }
    expect(seen.size).toBe(5_000);
  });
});
