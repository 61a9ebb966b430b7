import { type KubernetesClient, KubernetesError, type RawObject, type ResourceType } from '@tulle/kubernetes';
import { silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import type { DesiredStatus } from '../../desired-status.ts';
import { type PresentObject, presentObject } from '../present-statuses.ts';

type Kind = DesiredStatus['kind'];
type Line = { readonly type: string; readonly object: object };

/** An API server of one object a kind, `shop/catalog`, with watches that can be held back. */
export class StatusCluster {
  readonly clock = new FakeClock();
  readonly logger = silentLogger;
  readonly client: KubernetesClient;
  /** What is told while this holds is told when it no longer does and something new is. */
  isWatchHeld = false;
  /** Writes get no answer. */
  isHanging = false;
  hanging = 0;
  readonly #objects = new Map<string, RawObject>();
  readonly #lines = new Map<string, Line[]>();
  #version = 0;
  #wake = () => {};
  #awake: Promise<void> = this.#sleep();

  constructor() {
    this.client = {
      request: async () => ({ resources: [] }),
      get: async ({ kind }: ResourceType) => this.#objects.get(kind) ?? null,
      replace: async ({ kind }: ResourceType, object: RawObject) => await this.#replace(kind, object),
      watchLines: ({ path, signal }: { path: string; signal: AbortSignal }) => this.#watch(path, signal),
    } as unknown as KubernetesClient;
  }

  random = (): number => 0.5;

  put(kind: Kind, { status, ...rest }: { readonly status: object; readonly spec?: object }): RawObject {
    const uid = 'u';
    const resourceVersion = `${++this.#version}`;
    const metadata = { namespace: 'shop', name: 'catalog', uid, generation: 1, resourceVersion };
    const object: RawObject = { apiVersion: 'v1', kind, metadata, ...rest, status };
    this.#tell(kind, { type: this.#objects.has(kind) ? 'MODIFIED' : 'ADDED', object });
    this.#objects.set(kind, object);
    return object;
  }

  /** As somebody has written it, and been answered. */
  write(kind: Kind, status: object): PresentObject {
    return presentObject(kind, this.put(kind, { status }));
  }

  statusOf(kind: Kind): unknown {
    return this.#objects.get(kind)?.status;
  }

  async #replace(kind: string, { metadata, status }: RawObject): Promise<RawObject> {
    if (this.isHanging) {
      this.hanging++;
      await new Promise(() => {});
    }
    const stands = this.#objects.get(kind)?.metadata.resourceVersion;
    if (stands !== metadata.resourceVersion)
      throw new KubernetesError('changed', { status: 409, reason: 'Conflict' });
    return this.put(kind as Kind, { status: status as object });
  }

  #tell(kind: string, line: Line): void {
    this.#lines.set(kind, [...(this.#lines.get(kind) ?? []), line]);
    this.#wake();
    this.#awake = this.#sleep();
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async *#watch(path: string, signal: AbortSignal): AsyncIterable<unknown> {
    const kind = path.includes('httproutes') ? 'HTTPRoute' : 'other';
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    let at = 0;
    let isInitial = true;
    while (!signal.aborted) {
      const lines = this.#lines.get(kind) ?? [];
      if (!this.isWatchHeld) for (; at < lines.length; at++) yield lines[at];
      if (isInitial) yield initialEnd;
      isInitial = false;
      await Promise.race([this.#awake, aborted]);
    }
  }
}

const initialEnd = {
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } } },
};
