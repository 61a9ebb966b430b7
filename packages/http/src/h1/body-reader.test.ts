import { describe, expect, it } from 'vitest';
import { FRAMING_CHUNKED, FRAMING_LENGTH, FRAMING_NONE, FRAMING_UNTIL_CLOSE } from '../message/head-index.ts';
import { BodyReader } from './body-reader.ts';
import { h1ErrorOf } from './errors.ts';
import { readBody } from './testing/read-body.ts';

function chunked(text: string) {
  const reader = new BodyReader();
  reader.reset(FRAMING_CHUNKED, -1);
  const buffer = Buffer.from(text, 'latin1');
  const after = reader.scan(buffer, 0, buffer.length);
  const code = reader.errorCode === 0 ? null : h1ErrorOf(reader.errorCode).code;
  return { after, done: reader.done, code };
}

describe('chunked bodies', () => {
  it.each<[rule: string, text: string]>([
    ['7.1: chunks', '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'],
    ['7.1: nothing', '0\r\n\r\n'],
    ['7.1: upper and lower case', 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'],
    ['7.1: leading zeros', '0001\r\na\r\n000\r\n\r\n'],
    ['7.1: data that looks like a chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n'],
    ['7.1.1: extensions', '1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n'],
    ['7.1.2: trailers', '1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n'],
  ])('RFC 9112 %s', (_, text) => {
    expect(chunked(`${text}GET / HTTP/1.1`)).toEqual({ after: text.length, done: true, code: null });
  });

  it.each<[rule: string, text: string, code: string]>([
    ['7.1: no size', '\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: no hexadecimal', 'g\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: a prefix', '0x5\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: a sign', '+5\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: negative', '-5\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: space before', ' 5\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: space after', '5 \r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: space before an extension', '5 ;a\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1: 14 digits', `${'1'.repeat(14)}\r\n`, 'BAD_CHUNK_SIZE'],
    ['7.1: 14 zeros', `${'0'.repeat(14)}\r\n\r\n`, 'BAD_CHUNK_SIZE'],
    ['7.1: a bare LF after the size', '5\nhello', 'BAD_CHUNK_SIZE'],
    ['7.1: a bare CR after the size', '5\rhello', 'BAD_CHUNK_SIZE'],
    ['7.1: data too long', '1\r\nab\r\n', 'BAD_CHUNK_END'],
    ['7.1: a bare LF after the data', '1\r\na\n0\r\n\r\n', 'BAD_CHUNK_END'],
    ['7.1: CR without LF after the data', '1\r\na\rb', 'BAD_CHUNK_END'],
    ['7.1.1: LF in an extension', '1;a\nb\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1.1: NUL in an extension', '1;\0\r\n', 'BAD_CHUNK_SIZE'],
    ['7.1.1: an overlong extension', `1;${'a'.repeat(1025)}`, 'CHUNK_EXTENSION_TOO_LONG'],
    ['7.1.1: many extensions', `1;${'a'.repeat(900)}\r\nx\r\n`.repeat(20), 'CHUNK_EXTENSION_TOO_LONG'],
    ['7.1.2: no colon', '0\r\nA\r\n\r\n', 'BAD_TRAILER'],
    ['7.1.2: space before the colon', '0\r\nA : b\r\n\r\n', 'BAD_TRAILER'],
    ['7.1.2: folded', '0\r\nA: b\r\n c\r\n\r\n', 'BAD_TRAILER'],
    ['7.1.2: a bare LF', '0\r\nA: b\n\r\n', 'BAD_TRAILER'],
    ['7.1.2: an empty name', '0\r\n: b\r\n\r\n', 'BAD_TRAILER'],
    ['7.1.2: CR without LF at the end', '0\r\n\rx', 'BAD_TRAILER'],
    ['7.1.2: too much', `0\r\nA: ${'a'.repeat(8192)}\r\n\r\n`, 'TRAILERS_TOO_LARGE'],
    ['RFC 9110 6.5.1: Transfer-Encoding', '0\r\nTransfer-Encoding: chunked\r\n\r\n', 'FORBIDDEN_TRAILER'],
    ['RFC 9110 6.5.1: Content-Length', '0\r\nA: b\r\ncontent-LENGTH: 1\r\n\r\n', 'FORBIDDEN_TRAILER'],
    ['RFC 9110 6.5.1: Host', '0\r\nHost: a\r\n\r\n', 'FORBIDDEN_TRAILER'],
    ['RFC 9110 6.5.1: Connection', '0\r\nConnection: close\r\n\r\n', 'FORBIDDEN_TRAILER'],
  ])('refuses RFC 9112 %s', (_, text, code) => {
    const result = chunked(text);
    expect(result.code).toBe(code);
    expect(result.done).toBe(false);
  });

  it('lets long bodies have as many extensions as their data warrants', () => {
    const chunk = `400;${'a'.repeat(900)}\r\n${'x'.repeat(1024)}\r\n`;
    expect(chunked(`${chunk.repeat(100)}0\r\n\r\n`).code).toBeNull();
  });

  it('gives payload and trailers apart from the framing', () => {
    const text = '5;a\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\nrest';
    expect(readBody(Buffer.from(text), FRAMING_CHUNKED, -1, [text.length])).toMatchObject({
      payload: 'hello world',
      trailers: 'A: b\r\n\r\n',
      done: true,
      consumed: text.length - 4,
    });
  });

  it('is cut short by an end', () => {
    const reader = new BodyReader();
    reader.reset(FRAMING_CHUNKED, -1);
    reader.scan(Buffer.from('5\r\nhe'), 0, 5);
    expect(reader.remaining).toBe(3);
    expect(reader.finish()).toBe(false);
  });

  it('is as new after reset()', () => {
    const reader = new BodyReader();
    for (let i = 0; i < 3; i++) {
      reader.reset(FRAMING_CHUNKED, -1);
      reader.scan(Buffer.from('5\r\nhelXXXX'), 0, 4 + i * 2);
      reader.reset(FRAMING_CHUNKED, -1);
      expect(reader.scan(Buffer.from('1\r\na\r\n0\r\n\r\n'), 0, 11)).toBe(11);
      expect(reader.done).toBe(true);
    }
  });
});

describe('other bodies (RFC 9112 6.3)', () => {
  it('counts a length', () => {
    const reader = new BodyReader();
    reader.reset(FRAMING_LENGTH, 10);
    const buffer = Buffer.alloc(8);
    expect(reader.scan(buffer, 0, 8)).toBe(8);
    expect([reader.done, reader.remaining]).toEqual([false, 2]);
    expect(reader.finish()).toBe(false);
    expect(reader.scan(buffer, 1, 8)).toBe(3);
    expect(reader.done).toBe(true);
    expect(reader.scan(buffer, 3, 8)).toBe(3);
  });

  it('is done at once without a body', () => {
    const reader = new BodyReader();
    reader.reset(FRAMING_NONE, -1);
    expect(reader.done).toBe(true);
    reader.reset(FRAMING_LENGTH, 0);
    expect(reader.done).toBe(true);
  });

  it('takes all until the close', () => {
    const reader = new BodyReader();
    reader.reset(FRAMING_UNTIL_CLOSE, -1);
    expect(reader.scanData(Buffer.alloc(8), 2, 8)).toBe(8);
    expect([reader.dataStart, reader.dataEnd, reader.done]).toEqual([2, 8, false]);
    expect(reader.finish()).toBe(true);
  });
});
