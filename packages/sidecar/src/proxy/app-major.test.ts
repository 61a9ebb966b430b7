import { defaultH1Limits, parseRequestHead, RequestHead } from '@tulle/http';
import type { AppProtocol } from '@tulle/model';
import { describe, expect, it } from 'vitest';
import { appMajorOf } from './app-major.ts';

function headOf(httpMajor: 1 | 2, lines = ''): RequestHead {
  const head = new RequestHead();
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
  parseRequestHead(head, bytes, 0, bytes.length, defaultH1Limits);
  head.httpMajor = httpMajor;
  return head;
}

const upgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\n';
const grpc = 'Content-Type: application/grpc+proto\r\n';

describe('appMajorOf', () => {
  it.each<[protocol: AppProtocol, client: 1 | 2, lines: string, application: 1 | 2]>([
    ['detect', 1, '', 1],
    ['detect', 2, '', 2],
    ['detect', 2, upgrade, 1],
    ['http', 1, '', 1],
    ['http', 2, '', 1],
    ['http', 2, grpc, 2],
    ['http', 1, grpc, 1],
    ['http', 2, upgrade, 1],
    ['h2c', 1, '', 2],
    ['h2c', 2, '', 2],
    ['h2c', 1, upgrade, 1],
    ['h2c', 2, upgrade, 2],
    ['grpc', 1, '', 2],
    ['grpc', 2, grpc, 2],
  ])('a port that says %s, a client of HTTP/%d %j: HTTP/%d', (protocol, client, lines, application) => {
    expect(appMajorOf(headOf(client, lines), protocol)).toBe(application);
  });
});
