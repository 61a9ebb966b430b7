/** The roots that peers of a trust domain are verified against; more than one while roots rotate. */
export interface TrustBundle {
  readonly trustDomain: string;
  /** PEM certificates, newest first. */
  readonly rootsPem: readonly string[];
}
