import type { Setup } from '../cases.ts';
import type { PinnedProcess } from '../measure/pinned-process.ts';

/** One proxy, or pair of proxies, under measurement. */
export interface Subject {
  readonly name: SubjectName;
  /** Where the load connects to. */
  readonly address: string;
  readonly port: number;
  /** The Host header that names the destination, where address and port don't. */
  readonly host?: string;
  /** With two hops, where the first hop connects to: the second's own listener. */
  readonly peerDoor?: PeerDoor;
  /** The processes whose CPU and memory count. */
  readonly measured: readonly PinnedProcess[];
  stop(): Promise<void>;
}

export interface PeerDoor {
  readonly address: string;
  readonly port: number;
  readonly tls: MutualTls;
  /** Of HTTP, behind the handshake. */
  readonly speaks: 'h1' | 'h2';
}

/** How a client shows who it is, in PEM files, and whom it asks for. */
export interface MutualTls {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly rootFile: string;
  readonly serverName: string;
  readonly alpnProtocol: string;
}

export type SubjectName = 'tulle' | 'tulle-bundled' | 'nginx' | 'haproxy' | 'haproxy-h2';

/** Everything of a run lives in one temporary folder. */
export interface Workspace {
  readonly folder: string;
}

export type SubjectStarter = (setup: Setup, workspace: Workspace) => Promise<Subject>;

/** What a client asks a subject for by name. */
export function authorityOf({ host, address, port }: Subject): string {
  return host ?? `${address}:${port}`;
}
