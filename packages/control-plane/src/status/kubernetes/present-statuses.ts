/** The statuses as they stand in the cluster, watched by the one replica that writes them. */
import { type KubernetesClient, type RawObject, Reflector } from '@tulle/kubernetes';
import type { Clock, Logger, Random } from '@tulle/runtime';
import type { DesiredStatus } from '../desired-status.ts';
import { objectName } from '../status-keys.ts';
import { statusKinds, statusTypes } from './status-types.ts';

export interface PresentObject {
  readonly kind: DesiredStatus['kind'];
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly status: unknown;
}

export interface PresentStatusesOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** By object name; all that there are, once they have been read. */
  readonly onChange: (names: readonly string[]) => void;
}

interface WatchedKind {
  readonly kind: DesiredStatus['kind'];
  readonly reflector: Reflector<PresentObject>;
}

export class PresentStatuses {
  readonly #watched: readonly WatchedKind[];
  /** What this process wrote and has not been told of yet: by name. */
  readonly #written = new Map<string, PresentObject>();
  readonly #onChange: PresentStatusesOptions['onChange'];

  constructor(options: PresentStatusesOptions) {
    this.#onChange = options.onChange;
    this.#watched = statusKinds.map((kind) => ({
      kind,
      reflector: new Reflector({
        ...options,
        type: statusTypes[kind],
        isOptional: true,
        read: (raw) => presentObject(kind, raw),
      }),
    }));
  }

  async start(): Promise<void> {
    for (const { kind, reflector } of this.#watched) {
      reflector.onChange((keys) => this.#changed(kind, keys));
      await reflector.start();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watched.map(({ reflector }) => reflector.stop()));
    this.#written.clear();
  }

  /** Undefined: there is none, or it has not been read yet. */
  get(name: string): PresentObject | undefined {
    return this.#written.get(name) ?? this.told(name);
  }

  /** As the watch has told it last. */
  told(name: string): PresentObject | undefined {
    const space = name.indexOf(' ');
    const watched = this.#watched.find(({ kind }) => kind === name.slice(0, space));
    return watched?.reflector.objects.get(name.slice(space + 1));
  }

  names(): readonly string[] {
    return this.#watched.flatMap(({ reflector }) => [...reflector.objects.values()].map(objectName));
  }

  /**
   * Holds until the watch tells of the object: what it has until then is older, or this. Where it has told something
   * since the write began (`toldBefore`), that is this or what somebody else has made of it, and stands.
   */
  wrote(object: PresentObject, toldBefore: PresentObject | undefined): void {
    const name = objectName(object);
    if (this.told(name) === toldBefore) this.#written.set(name, object);
  }

  /** How each kind is followed, for the dump. */
  describe(): object {
    return Object.fromEntries(
      this.#watched.map(({ kind, reflector }) => [
        kind,
        { state: reflector.state, objects: reflector.objects.size },
      ]),
    );
  }

  #changed(kind: DesiredStatus['kind'], keys: ReadonlySet<string>): void {
    const names = [...keys].map((key) => `${kind} ${key}`);
    for (const name of names) this.#written.delete(name);
    this.#onChange(names);
  }
}

export function presentObject(kind: DesiredStatus['kind'], { metadata, status }: RawObject): PresentObject {
  const { namespace = '', name, uid = '', generation = 0, resourceVersion = '' } = metadata;
  return { kind, namespace, name, uid, generation, resourceVersion, status };
}
