import type { Kubectl } from '../kubectl.ts';

/** A Kubernetes that tests may do with as they like. */
export interface Cluster extends AsyncDisposable {
  /** As its administrator. */
  readonly kubectl: Kubectl;
  /** The API server's URL. */
  readonly server: string;
  /** A kubeconfig file of a user who has this bearer token. */
  kubeconfigOf(name: string, token: string): Promise<string>;
  /** Somebody else's: what tests made in it they have to take away. */
  readonly isGiven: boolean;
  /** Whether service accounts and the pods of workloads come by themselves: setup-envtest brings no controllers. */
  readonly hasControllers: boolean;
  /** A process of this machine whose network is that of the one node; null where nodes are elsewhere. */
  readonly nodePid: number | null;
  /** helm, where there is one. */
  readonly helm: string | null;
  /** Brings image files (docker or OCI archives) to the nodes; null where these have to have them already. */
  readonly loadImages: ((files: readonly string[]) => Promise<void>) | null;
}

/** A kubeconfig as text. */
export function kubeconfigText(server: string, caData: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': caData } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}
