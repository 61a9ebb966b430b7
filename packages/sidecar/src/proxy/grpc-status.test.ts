import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import { describe, expect, it } from 'vitest';
import { grpcStatusOf, grpcStatusOfHttp } from './grpc-status.ts';

function fieldsOf(line: string): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  return head;
}

describe('grpcStatusOf', () => {
  it.each([
    ['grpc-status: 0\r\n', 0],
    ['Grpc-Status: 16\r\n', 16],
    ['grpc-status: 17\r\n', 2],
    ['grpc-status: -1\r\n', 2],
    ['grpc-status: 1e1\r\n', 2],
    ['grpc-status:\r\n', 2],
    ['grpc-message: none\r\n', -1],
  ])('reads %j as %i', (line, status) => {
    expect(grpcStatusOf(fieldsOf(line))).toBe(status);
  });
});

describe('grpcStatusOfHttp', () => {
  it.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [502, 14],
    [503, 14],
    [504, 14],
    [500, 2],
    [431, 2],
  ])('maps %i to %i', (http, grpc) => {
    expect(grpcStatusOfHttp(http)).toBe(grpc);
  });
});
