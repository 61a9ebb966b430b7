import type { Violation } from '@tulle/model';

/** An object whose present version cannot be read; an earlier one may be in force. Its author is told by a status. */
export interface RejectedObject {
  readonly kind: 'HTTPRoute' | 'PeerAuthentication' | 'MeshConfig';
  /** Empty for kinds of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of the version that was refused. */
  readonly generation: number;
  /** A route's references, word for word, as far as they are objects. */
  readonly parentRefs: readonly Readonly<Record<string, unknown>>[];
  /** Whether an earlier version of it is still in force. */
  readonly isEarlierInForce: boolean;
  readonly violations: readonly Violation[];
}
