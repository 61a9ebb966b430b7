import { expect, test } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

const answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');

test('an answer that comes in pieces is complete with its last byte, and the next begins anew', () => {
  const reader = new AnswerReader();
  for (let round = 0; round < 2; round++) {
    for (const byte of answer.subarray(0, -1)) expect(reader.take(Buffer.from([byte]), 1)).toBe(false);
    expect(reader.take(answer.subarray(-1), 1)).toBe(true);
    expect(reader.isOk).toBe(true);
  }
});

test('only what was read of the buffer counts', () => {
  const reader = new AnswerReader();
  expect(reader.take(answer, answer.length - 2)).toBe(false);
  expect(reader.take(Buffer.from('bcbc'), 2)).toBe(true);
});

test('an answer without a body, and one that is no 200', () => {
  const reader = new AnswerReader();
  const refusal = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
  expect(reader.take(refusal, refusal.length)).toBe(true);
  expect(reader.isOk).toBe(false);
});
