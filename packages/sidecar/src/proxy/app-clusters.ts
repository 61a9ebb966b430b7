import type { Cluster } from '../config/mesh-view.ts';

/** The ports of the local application as clusters of one endpoint. */
export class AppClusters {
  readonly #clusters = new Map<string, Cluster>();

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
    return cluster;
  }
}
