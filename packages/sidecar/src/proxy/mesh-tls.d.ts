import type { PeerCertificateInfo } from '@tulle/http';
/** What sidecars agree on when they speak to each other (design.md, "Between sidecars"). */
export declare const meshAlpnProtocol = "tulle-http/1.1";
/** In explicit mode the destination's port travels in the TLS server name. */
export declare function meshServerName(port: number): string;
/** The port that a server name asks for, or null where it is none of ours. */
export declare function portOfServerName(serverName: string | null): number | null;
/** Null: the client is a workload of the trust domain. Else why it is refused. */
export declare function refusalOfClient({ uris }: PeerCertificateInfo, trustDomain: string): string | null;
