import type { PeerCertificateInfo, TlsServerSettings } from '@tulle/http';
import { parseSpiffeId } from '@tulle/model';
import type { IdentityMaterial } from '../config/mesh-view.ts';

/** What sidecars agree on when they speak to each other (design.md, "Between sidecars"). */
export const meshHttpProtocol = 'tulle-http/2';
/** The bytes of one connection, as they are. */
export const meshTcpProtocol = 'tulle-tcp/1';
export const meshAlpnProtocols: readonly string[] = [meshHttpProtocol, meshTcpProtocol];

const SERVER_NAME =
  /^p([1-9][0-9]{0,4})(?:\.from-([a-z0-9](?:[a-z0-9-]{0,56}[a-z0-9])?))?\.inbound\.tulle\.internal$/;
/** One label of a name, with its prefix (RFC 1035 section 2.3.4: 63 characters). */
const OWNER = /^[a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?$/;

/**
 * The destination's port, which counts where the connection is not captured, and what the caller's pods are
 * called. The latter is the caller's word alone: it labels metrics, and no policy may look at it.
 */
export interface MeshServerName {
  readonly port: number;
  /** Empty where the caller does not say. */
  readonly owner: string;
}

export function meshServerName(port: number, owner: string): string {
  const from = OWNER.test(owner) ? `.from-${owner}` : '';
  return `p${port}${from}.inbound.tulle.internal`;
}

/** Null where the name is none of ours. */
export function parseMeshServerName(serverName: string | null): MeshServerName | null {
  const match = SERVER_NAME.exec(serverName ?? '');
  const port = match === null ? 0 : Number(match[1]);
  return port >= 1 && port <= 65_535 ? { port, owner: match?.[2] ?? '' } : null;
}

/** Null: the client is a workload of the trust domain. Else why it is refused. */
export function refusalOfClient({ uris }: PeerCertificateInfo, trustDomain: string): string | null {
  const uri = uris.length === 1 ? uris[0]! : '';
  const id = parseSpiffeId(uri);
  if (id === null) return `its certificate names no single SPIFFE identity (${uris.join(', ') || 'none'})`;
  return id.trustDomain === trustDomain ? null : `${uri} is outside the trust domain ${trustDomain}`;
}

/** What a sidecar shows its peers, and verifies them by. */
export function tlsServerSettings(material: IdentityMaterial): TlsServerSettings {
  return {
    certPem: material.certificatePem,
    keyPem: material.privateKeyPem,
    caPem: material.rootsPem,
    alpnProtocols: meshAlpnProtocols,
  };
}
