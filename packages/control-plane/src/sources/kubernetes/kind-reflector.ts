import type { RawObject, ReflectorState, ResourceType } from '@tulle/kubernetes';
import type { IndexValues, IndexView } from '@tulle/runtime';

/** What the source needs of a reflector. */
export interface KindReflector<T> {
  readonly objects: ReadonlyMap<string, T>;
  readonly state: ReflectorState;
  readonly hasSynced: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  addIndex(name: string, valuesOf: IndexValues<T>): IndexView<T>;
  onChange(listener: (keys: ReadonlySet<string>) => void): () => void;
}

export interface ReflectOptions<T> {
  readonly type: ResourceType;
  readonly isOptional: boolean;
  readonly read: (raw: RawObject, previous: T | undefined) => T | null;
}

export type MakeReflector = <T>(options: ReflectOptions<T>) => KindReflector<T>;
