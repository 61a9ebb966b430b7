import { type RawObject, type ResourceType, resourceTypes } from '@tulle/kubernetes';
import type { Cluster } from '../cluster/cluster.ts';
import { type InstallRecord, readInstallRecord } from '../install/install-record.ts';

/** What several checks look at is read once. */
export class ClusterView {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  #record: Promise<InstallRecord | null> | null = null;
  readonly #lists = new Map<ResourceType, Promise<readonly RawObject[]>>();

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  record(): Promise<InstallRecord | null> {
    this.#record ??= readInstallRecord(this.#cluster, this.#namespace);
    return this.#record;
  }

  namespaces(): Promise<readonly RawObject[]> {
    return this.#all(resourceTypes.namespaces);
  }

  pods(): Promise<readonly RawObject[]> {
    return this.#all(resourceTypes.pods);
  }

  #all(type: ResourceType): Promise<readonly RawObject[]> {
    const known = this.#lists.get(type);
    if (known !== undefined) return known;
    const list = this.#cluster.list(type);
    this.#lists.set(type, list);
    return list;
  }
}
