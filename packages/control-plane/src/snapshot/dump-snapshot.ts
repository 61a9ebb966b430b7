import type { MeshResource, ResourceKind } from '@tulle/model';
import type { MeshSnapshot } from './mesh-snapshot.ts';
import type { SnapshotEntry } from './snapshot.ts';

/** A snapshot as the admin page shows it: every entry, with its version as the proxies report it. */
export interface SnapshotDump {
  readonly sequence: number;
  readonly counts: Readonly<Record<ResourceKind, number>>;
  readonly resources: readonly DumpedEntry[];
}

export interface DumpedEntry {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly version: string;
  readonly aliases: readonly string[];
  /** Routes of a consumer: the namespace whose clients see them. */
  readonly clientNamespace: string | null;
  readonly resource: MeshResource;
}

export function dumpSnapshot(snapshot: MeshSnapshot): SnapshotDump {
  const { entries } = snapshot;
  const resources: DumpedEntry[] = [];
  const add = (entry: SnapshotEntry, clientNamespace: string | null = null) => {
    const { kind, name, version, aliases, resource } = entry;
    resources.push({ kind, name, version, aliases, clientNamespace, resource });
  };
  for (const entry of entries.trustBundle.values()) add(entry);
  for (const entry of entries.workload.values()) add(entry);
  for (const entry of entries.service.values()) add(entry);
  for (const entry of entries.peer.values()) add(entry);
  for (const entry of entries.endpoints.values()) add(entry);
  for (const { producer, byClientNamespace } of entries.routes.values()) {
    if (producer !== null) add(producer);
    for (const [namespace, entry] of byClientNamespace) add(entry, namespace);
  }
  return { sequence: snapshot.sequence, counts: snapshot.counts(), resources };
}
