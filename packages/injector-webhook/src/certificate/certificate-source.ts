import type { Component } from '@tulle/runtime';
import type { ServingCertificate } from '../server/webhook-server.ts';

export interface HeldCertificate extends ServingCertificate {
  /** What the API server is to trust; null: somebody else tells it. */
  readonly authoritiesPem: string | null;
  /** Somebody else makes and renews it, such as cert-manager. */
  readonly isGiven: boolean;
  readonly expiresAtMs: number;
}

/** Where the serving certificate comes from; it may come late, and changes. */
export interface CertificateSource extends Component {
  readonly current: HeldCertificate | null;
  /** Why there is none; null where there is one. */
  readonly missingReason: string | null;
  onChange(listener: (certificate: HeldCertificate) => void): void;
}

/** Resolves with the first that there is. */
export function firstCertificate(source: CertificateSource): Promise<HeldCertificate> {
  if (source.current !== null) return Promise.resolve(source.current);
  return new Promise((resolve) => source.onChange(resolve));
}
