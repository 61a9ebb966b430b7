import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message/request-head.ts';
import { HeadStash } from './head-stash.ts';
import { defaultH1Limits } from './limits.ts';
import { parseRequestHead } from './parse-request-head.ts';

describe('HeadStash', () => {
  it('joins a head that drips in, and has it parsed once per line at most', () => {
    const text = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n');
    const stash = new HeadStash();
    const head = new RequestHead();
    let parses = 0;
    let after = 0;
    const slice = Buffer.alloc(64, 10);
    for (const byte of text) {
      slice[5] = byte;
      const joined = stash.join(slice, 5, 6, defaultH1Limits.maxHeadBytes);
      if (joined === null) continue;
      parses++;
      after = parseRequestHead(head, joined, 0, joined.length, defaultH1Limits);
      if (after === 0) stash.keep(joined, 0, joined.length);
    }
    expect(after).toBe(text.length);
    expect(parses).toBe(4);
    expect(stash.isEmpty).toBe(true);
  });

  it('has a head without a line end parsed once it is too large', () => {
    const limits = { ...defaultH1Limits, maxHeadBytes: 100 };
    const stash = new HeadStash();
    const slice = Buffer.from('A'.repeat(60));
    expect(stash.join(slice, 0, 60, limits.maxHeadBytes)).toBeNull();
    expect(stash.join(slice, 0, 60, limits.maxHeadBytes)?.length).toBe(120);
  });
});
