import type { RequestHead } from '@tulle/http';
import { type AppProtocol, assertNever } from '@tulle/model';

/**
 * Which HTTP the application is to be spoken to in: what its port declares; where it declares nothing, what
 * the client speaks, which knows best what it dialled. Upgrades are nearly always of HTTP/1.1, whoever asks
 * for one; and gRPC is HTTP/2 whatever a port calls itself.
 */
export function appMajorOf(head: RequestHead, protocol: AppProtocol): 1 | 2 {
  switch (protocol) {
    case 'h2c':
    case 'grpc':
      return head.hasUpgrade && head.httpMajor === 1 ? 1 : 2;
    case 'http':
      return head.httpMajor === 2 && isGrpc(head) ? 2 : 1;
    case 'detect':
    case 'tls':
    case 'tcp':
      return head.hasUpgrade ? 1 : head.httpMajor;
    default:
      return assertNever(protocol);
  }
}

const GRPC = 'application/grpc';

/** With `+proto` or the like, or without; `application/grpc-web` is another protocol. */
export function isGrpc(head: RequestHead): boolean {
  if (head.httpMajor !== 2) return false;
  const line = head.find('content-type');
  if (line < 0) return false;
  // The g of grpc, before a string is made.
  if (head.buffer[head.valueStart[line]! + 12] !== 103) return false;
  const type = head.value(line);
  return type.startsWith(GRPC) && type[GRPC.length] !== '-';
}
