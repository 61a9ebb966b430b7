import type { ServerResponse } from 'node:http';
import { FakeStatus } from './fake-object.ts';

/** What is done to a request instead of answering it. */
export type FakeFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** Accepted, and never answered. */
  | { readonly kind: 'hang' }
  /** The connection is reset, before or in the middle of the answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'half-answer' };

export function misbehave(fault: FakeFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body ?? JSON.stringify(new FakeStatus(fault.status, '', 'a planned fault').body));
      return;
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'half-answer':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
      response.write('{"kind":"List","metadata":{"resourceVersion":"1"},"items":[{"metadata":', () =>
        response.socket?.resetAndDestroy(),
      );
      return;
  }
}
