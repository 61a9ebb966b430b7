import type { SignedCertificate } from './check-certificate.ts';

/** All that it takes to use a certificate again. The key is handed to this workload's own disk, and to nobody else. */
export interface SavedCertificate extends SignedCertificate {
  readonly privateKeyPem: string;
  /** The trust bundle that was in force; null where discovery had told none yet. */
  readonly bundlePem: readonly string[] | null;
}

/** Where a certificate outlives the process. */
export interface CertificateStore {
  /** Null: there is none that can be read. Whether it may be used is for the caller to check. */
  load(): Promise<SavedCertificate | null>;
  save(certificate: SavedCertificate): void;
  /** Resolves when what was saved is on the disk. */
  flush(): Promise<void>;
}

/** For a sidecar without a state directory. */
export const forgetfulCertificateStore: CertificateStore = {
  load: async () => null,
  save: () => {},
  flush: async () => {},
};
