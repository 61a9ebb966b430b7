import type { Cluster } from '../config/mesh-view.ts';

/** More ports than an application has; whoever scans them all is not remembered. */
const MAX_CLUSTERS = 256;

/** The ports of the local application as clusters of one endpoint. */
export class AppClusters {
  readonly #clusters = new Map<string, Cluster>();
  readonly #onForgotten: (cluster: Cluster) => void;

  /** `onForgotten` lets go of what was kept for a cluster. */
  constructor(onForgotten: (cluster: Cluster) => void) {
    this.#onForgotten = onForgotten;
  }

  /** `label`: `<namespace>/<pod>:<port>`. */
  of(host: string, port: number, label: string): Cluster {
    const key = `${host}:${port}`;
    const known = this.#clusters.get(key);
    if (known !== undefined) return known;
    const endpoint = { key, address: host, port, workload: '', owner: '', mesh: null };
    const cluster: Cluster = {
      name: label,
      namespace: '',
      service: '',
      port,
      protocol: 'detect',
      endpoints: [endpoint],
    };
    this.#clusters.set(key, cluster);
    if (this.#clusters.size > MAX_CLUSTERS) this.#forgetOldest();
    return cluster;
  }
  #forgetOldest(): void {
    const [oldest] = this.#clusters;
    if (oldest === undefined) return;
    this.#clusters.delete(oldest[0]);
    this.#onForgotten(oldest[1]);
  }
}
