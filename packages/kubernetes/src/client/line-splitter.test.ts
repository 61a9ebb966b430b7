import { seededRandom } from '@tulle/testkit';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

describe('LineSplitter', () => {
  test('gives the lines that end in a chunk, and holds the rest', () => {
    const splitter = new LineSplitter();
    expect([...splitter.push(Buffer.from('one\ntwo\nthr'))]).toEqual(['one', 'two']);
    expect(splitter.isInLine).toBe(true);
    expect([...splitter.push(Buffer.from('ee\n'))]).toEqual(['three']);
    expect(splitter.isInLine).toBe(false);
  });

  test('leaves empty lines out', () => {
    expect([...new LineSplitter().push(Buffer.from('\n\na\n\n'))]).toEqual(['a']);
  });

  test('gives the same lines however the bytes are cut, within a character too', () => {
    const random = seededRandom(7);
    const lines = Array.from({ length: 200 }, (_, i) => `${i} ${'äß€😀'.repeat(Math.floor(random() * 5))}x`);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    for (let round = 0; round < 50; round++) {
      const splitter = new LineSplitter();
      const got: string[] = [];
      for (let start = 0; start < bytes.length; ) {
        const end = start + 1 + Math.floor(random() * 40);
        got.push(...splitter.push(bytes.subarray(start, end)));
        start = end;
      }
      expect(got).toEqual(lines);
    }
  });

  test.each([
    ['in one chunk', ['12345678\n']],
    ['over chunks', ['1234', '5678']],
  ])('throws on a line that is too long, %s', (_, chunks) => {
    const splitter = new LineSplitter(7);
    expect(() => chunks.forEach((chunk) => void [...splitter.push(Buffer.from(chunk))])).toThrow(RangeError);
  });
});
