/** What a workload takes on a port: only mutual TLS of the mesh, that and plain, or only plain. */
export type MtlsMode = 'strict' | 'permissive' | 'disable';

export interface MtlsRule {
  readonly mode: MtlsMode;
  /** `<namespace>/<name>` of the PeerAuthentication that says so, `MeshConfig`, or `default`. */
  readonly policy: string;
}
