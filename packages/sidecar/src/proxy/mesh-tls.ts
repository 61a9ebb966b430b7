import type { PeerCertificateInfo } from '@tulle/http';
import { parseSpiffeId } from '@tulle/model';

/** What sidecars agree on when they speak to each other (design.md, "Between sidecars"). */
export const meshAlpnProtocol = 'tulle-http/2';

const SERVER_NAME = /^p([1-9][0-9]{0,4})\.inbound\.tulle\.internal$/;

/** In explicit mode the destination's port travels in the TLS server name. */
export function meshServerName(port: number): string {
  return `p${port}.inbound.tulle.internal`;
}

/** The port that a server name asks for, or null where it is none of ours. */
export function portOfServerName(serverName: string | null): number | null {
  const match = SERVER_NAME.exec(serverName ?? '');
  const port = match === null ? 0 : Number(match[1]);
  return port >= 1 && port <= 65_535 ? port : null;
}

/** Null: the client is a workload of the trust domain. Else why it is refused. */
export function refusalOfClient({ uris }: PeerCertificateInfo, trustDomain: string): string | null {
  const uri = uris.length === 1 ? uris[0]! : '';
  const id = parseSpiffeId(uri);
  if (id === null) return `its certificate names no single SPIFFE identity (${uris.join(', ') || 'none'})`;
  return id.trustDomain === trustDomain ? null : `${uri} is outside the trust domain ${trustDomain}`;
}
