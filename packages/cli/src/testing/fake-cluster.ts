import type { RawObject, ResourceType } from '@tulle/kubernetes';
import type { Cluster } from '../cluster/cluster.ts';

/** A cluster that holds objects, and answers other requests by path. What it is asked to apply, it keeps. */
export class FakeCluster implements Cluster {
  readonly server = 'https://fake.test/';
  readonly #objects: RawObject[];
  readonly #answers: Readonly<Record<string, unknown>>;

  constructor(objects: readonly RawObject[], answers: Readonly<Record<string, unknown>> = {}) {
    this.#objects = [...objects];
    this.#answers = answers;
  }

  get objects(): readonly RawObject[] {
    return this.#objects;
  }

  async get({ kind }: ResourceType, { namespace, name }: { namespace: string; name: string }) {
    const found = this.#objects.find(
      (object) =>
        object.kind === kind &&
        object.metadata.name === name &&
        (object.metadata.namespace ?? '') === namespace,
    );
    return found ?? null;
  }

  async list({ kind }: ResourceType, { namespace, labelSelector = '' }: Parameters<Cluster['list']>[1] = {}) {
    const wanted = labelSelector.split(',').map((part) => part.split('='));
    return this.#objects.filter(
      ({ kind: own, metadata }) =>
        own === kind &&
        (namespace === undefined || metadata.namespace === namespace) &&
        (labelSelector === '' || wanted.every(([key, value]) => metadata.labels?.[key!] === value)),
    );
  }

  async create(_: ResourceType, object: object) {
    return object as RawObject;
  }

  async replace({ kind }: ResourceType, object: RawObject) {
    const index = this.#objects.findIndex(
      (own) => own.kind === kind && own.metadata.name === object.metadata.name,
    );
    this.#objects[index] = object;
    return object;
  }

  /** By a dry run alone: fields are laid over those that are there. */
  async apply(type: ResourceType, object: Parameters<Cluster['apply']>[1]) {
    const { namespace = '', name = '' } = object.metadata ?? {};
    return { ...(await this.get(type, { namespace, name })), ...object } as RawObject;
  }

  async request({ path }: { readonly path: string }) {
    if (!(path in this.#answers)) throw new Error(`the fake cluster has no answer for ${path}`);
    return this.#answers[path];
  }

  close(): void {}
}
