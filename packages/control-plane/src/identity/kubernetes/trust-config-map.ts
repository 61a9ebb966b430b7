import { type KubernetesClient, KubernetesError, type RawObject, resourceTypes } from '@tulle/kubernetes';

/** Where everybody in the cluster can read the mesh's roots: the injector, and whoever verifies its certificates. */
const name = 'tulle-trust';
const key = 'root.pem';
const maxAttempts = 5;

/** The ConfigMap `tulle-trust` in the mesh's namespace: `root.pem`, all roots. */
export class TrustConfigMap {
  readonly #client: KubernetesClient;
  readonly #namespace: string;

  constructor(client: KubernetesClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** Null where there are none. */
  async read(): Promise<string | null> {
    const value = rootsOf(await this.#get());
    return value === '' ? null : value;
  }

  /** Leaves alone what it holds besides. Where replicas write at once, the last one has seen what the others wrote. */
  async publish(rootsPem: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const present = await this.#get();
      if (rootsOf(present) === rootsPem) return;
      try {
        await this.#write(present, rootsPem);
        return;
      } catch (thrown) {
        const isRace = thrown instanceof KubernetesError && thrown.status === 409;
        if (!isRace || attempt >= maxAttempts) throw thrown;
      }
    }
  }

  #get(): Promise<RawObject | null> {
    return this.#client.get(resourceTypes.configMaps, { namespace: this.#namespace, name });
  }

  async #write(present: RawObject | null, rootsPem: string): Promise<void> {
    if (present !== null) {
      const data = { ...(present.data as object | undefined), [key]: rootsPem };
      await this.#client.replace(resourceTypes.configMaps, { ...present, data });
      return;
    }
    const labels = {
      'app.kubernetes.io/name': 'tulle-control-plane',
      'app.kubernetes.io/part-of': 'tulle',
    };
    const metadata = { name, namespace: this.#namespace, labels };
    await this.#client.create(resourceTypes.configMaps, { metadata, data: { [key]: rootsPem } });
  }
}

function rootsOf(configMap: RawObject | null): string {
  const value = (configMap?.data as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? value : '';
}
