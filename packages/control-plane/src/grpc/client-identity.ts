import type { PeerCertificate } from 'node:tls';
import { parseSpiffeId, type SpiffeId } from '@tulle/model';

/** The part of a grpc-js server call that is needed. */
export interface AuthenticatedCall {
  getAuthContext(): { readonly sslPeerCertificate?: PeerCertificate };
}

export interface ClientIdentityOptions {
  readonly trustDomain: string;
  readonly nowMs: number;
}

/**
 * The identity in the client's certificate, or null where it has none that counts. grpc-js shows the certificate
 * only when its chain verified against the trust roots. What SPIFFE adds (X.509-SVID, section 5.2): the leaf is no
 * authority, and holds one URI; and it is still valid now, since a connection may be older than this call.
 */
export function clientIdentity(call: AuthenticatedCall, options: ClientIdentityOptions): SpiffeId | null {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined || certificate.ca) return null;
  if (!(Date.parse(certificate.valid_to) > options.nowMs)) return null;
  const uris = urisOf(certificate.subjectaltname ?? '');
  const identity = uris.length === 1 ? parseSpiffeId(uris[0]!) : null;
  return identity?.trustDomain === options.trustDomain ? identity : null;
}

/**
 * The URIs of Node's text form, `URI:a, DNS:b`. A name that could be mistaken for several is quoted there
 * (CVE-2021-44532); none such is an identity of the mesh, so that it is enough to take quotes as no URI at all.
 */
function urisOf(names: string): readonly string[] {
  if (names.includes('"')) return [];
  return names
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice('URI:'.length));
}
