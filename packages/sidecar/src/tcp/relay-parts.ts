import type { Transport } from '@tulle/http';
import type { TcpDial } from './tcp-dial.ts';

/** What a relay is made of. */
export interface RelayParts {
  readonly downstream: Transport;
  readonly dial: TcpDial;
  readonly early: Buffer;
  readonly hasEnded: boolean;
  readonly protocol: 'tcp' | 'tls';
}
