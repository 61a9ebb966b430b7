import type { RequestHead } from '@tulle/http';
import { type Failure, failures } from './failure.ts';

/** A sidecar is no forward proxy: it carries upgrades, but opens no connection that a client names. */
export function refuseUnserved(head: RequestHead): Failure | null {
  return head.isConnect ? failures.connectUnsupported : null;
}
