import type { Protocol } from './cases.ts';

/** Where the application answers. nghttpd finds the type of an answer by the ending. */
export const applicationPaths: Readonly<Record<Protocol, string>> = {
  h1: '/body',
  h2c: '/body',
  grpc: '/bench.Echo/Unary.grpc',
  tcp: '/body',
};

/** The body of every answer; with gRPC one message behind its prefix (flag and length, 5 bytes). */
export function applicationBody(protocol: Protocol, bodyBytes: number): Buffer {
  const body = Buffer.alloc(bodyBytes, 'a');
  if (protocol === 'grpc') {
    body[0] = 0;
    body.writeUInt32BE(bodyBytes - 5, 1);
  }
  return body;
}
