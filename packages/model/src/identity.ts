/** Who a workload is: a SPIFFE identity (SPIFFE-ID specification, section 2). */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const PATTERN =
  /^spiffe:\/\/([a-z0-9][a-z0-9._-]{0,254})\/ns\/([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\/sa\/([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)$/;

/** `spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>`. */
export function formatSpiffeId(id: SpiffeId): string {
  return `spiffe://${id.trustDomain}/ns/${id.namespace}/sa/${id.serviceAccount}`;
}

/** The identity that a URI names, or null where it is not one of this mesh's form. */
export function parseSpiffeId(uri: string): SpiffeId | null {
  const match = PATTERN.exec(uri);
  if (match === null) return null;
  return { trustDomain: match[1]!, namespace: match[2]!, serviceAccount: match[4]! };
}
