import { isRecord, type RawObject } from '../raw-object.ts';

/** What a Lease says (coordination.k8s.io/v1). */
export interface LeaseRecord {
  /** '' where nobody holds it. */
  readonly holder: string;
  readonly durationMs: number;
  readonly acquireTime: string | null;
  readonly renewTime: string | null;
  readonly transitions: number;
}

export function readLease({ spec }: RawObject): LeaseRecord {
  const fields = isRecord(spec) ? spec : {};
  return {
    holder: typeof fields.holderIdentity === 'string' ? fields.holderIdentity : '',
    durationMs: 1_000 * (typeof fields.leaseDurationSeconds === 'number' ? fields.leaseDurationSeconds : 0),
    acquireTime: typeof fields.acquireTime === 'string' ? fields.acquireTime : null,
    renewTime: typeof fields.renewTime === 'string' ? fields.renewTime : null,
    transitions: typeof fields.leaseTransitions === 'number' ? fields.leaseTransitions : 0,
  };
}

export function leaseSpec(record: LeaseRecord): Readonly<Record<string, unknown>> {
  return {
    holderIdentity: record.holder,
    leaseDurationSeconds: Math.max(1, Math.round(record.durationMs / 1_000)),
    acquireTime: record.acquireTime,
    renewTime: record.renewTime,
    leaseTransitions: record.transitions,
  };
}
