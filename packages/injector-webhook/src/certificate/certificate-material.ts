/** What Secret `tulle-injector-certificate` holds, or the files of somebody else's. PEM; keys are never logged. */
export interface CertificateMaterial {
  /** Every authority that a certificate in use may come from, the newest first. */
  readonly authoritiesPem: string;
  /** Of the newest authority. */
  readonly authorityKeyPem: string;
  readonly chainPem: string;
  readonly privateKeyPem: string;
}
