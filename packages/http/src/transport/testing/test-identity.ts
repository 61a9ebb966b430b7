import { createSecureContext, type SecureContext } from 'node:tls';
import type { TestAuthority } from '@tulle/testkit';

/** A certificate as listeners and dialers of this package take it. */
export interface TestIdentity {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

export async function issueIdentity(authority: TestAuthority, spiffeId: string): Promise<TestIdentity> {
  const { certificatePem, privateKeyPem, rootsPem } = await authority.issue({ spiffeId });
  return { certPem: certificatePem, keyPem: privateKeyPem, caPem: rootsPem };
}

export function clientContext(identity: TestIdentity, caPem = identity.caPem): SecureContext {
  const { certPem: cert, keyPem: key } = identity;
  return createSecureContext({ cert, key, ca: caPem, minVersion: 'TLSv1.3' });
}
