import type { HeldVersions } from '../discovery/held-versions.ts';
import type { MeshSnapshot } from '../snapshot/mesh-snapshot.ts';
import type { ObjectStatus } from '../translate/translated.ts';
import { countProxies, type ProxyCounts } from './proxy-counts.ts';
import { keyedStatuses } from './status-keys.ts';

/** How far the objects have come on one replica's own proxies: what replicas tell the one that writes statuses. */
export interface ReplicaReport {
  /** The pod's name. */
  readonly replica: string;
  /** Changes with the report; of this process alone. */
  readonly revision: string;
  readonly objects: ReadonlyMap<string, ReportedCounts>;
}

export interface ReportedCounts extends ProxyCounts {
  /** Of the object as this replica knows it: counts of another version of it tell nothing. */
  readonly generation: number;
}

export interface AcknowledgementSources {
  readonly replica: string;
  /** Tells this process from an earlier one of the same name. */
  readonly instance: string;
  readonly held: HeldVersions;
  readonly statuses: () => readonly ObjectStatus[];
  readonly snapshot: () => MeshSnapshot | null;
}

/** Reckoned when it is asked for, and again only after something has changed. */
export class AcknowledgementReporter {
  readonly #sources: AcknowledgementSources;
  #basis: readonly unknown[] = [];
  #changes = 0;
  #report: ReplicaReport | null = null;

  constructor(sources: AcknowledgementSources) {
    this.#sources = sources;
  }

  /** Of the report that `report` would give now. */
  get revision(): string {
    const { held, statuses, snapshot, instance } = this.#sources;
    const basis = [held.revision, statuses(), snapshot()];
    if (basis.some((value, index) => value !== this.#basis[index])) {
      this.#basis = basis;
      this.#changes++;
      this.#report = null;
    }
    return `${instance}.${this.#changes}`;
  }

  report(): ReplicaReport {
    const { revision } = this;
    this.#report ??= { replica: this.#sources.replica, revision, objects: this.#count() };
    return this.#report;
  }

  #count(): ReadonlyMap<string, ReportedCounts> {
    const { held, statuses, snapshot } = this.#sources;
    const current = snapshot();
    const objects = new Map<string, ReportedCounts>();
    if (current === null) return objects;
    for (const { key, status } of keyedStatuses(statuses())) {
      const counts = countProxies(held, current, status.resources);
      const generation = status.conditions[0]?.observedGeneration ?? 0;
      if (counts.proxies > 0) objects.set(key, { generation, ...counts });
    }
    return objects;
  }
}
