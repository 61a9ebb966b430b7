import type { TrustBundle } from '@tulle/model';
import { type Logger, messageOf } from '@tulle/runtime';
import type { TranslatedMesh } from '../translate/translated.ts';
import { type BuiltSnapshot, buildSnapshot } from './build-snapshot.ts';
import { checkConsistency, isAsConsistentAs } from './check-consistency.ts';
import type { MeshSnapshot } from './mesh-snapshot.ts';
import type { Snapshot, SnapshotSource } from './snapshot.ts';

export type StoreUpdate =
  | { readonly kind: 'replaced'; readonly snapshot: Snapshot }
  /** The mesh says what it said before: nobody is told. */
  | { readonly kind: 'unchanged' }
  /** The last good snapshot stays in force. */
  | { readonly kind: 'rejected'; readonly findings: readonly string[] };

/** Holds the last good snapshot and tells of each replacement. */
export class SnapshotStore implements SnapshotSource {
  readonly #logger: Logger;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  #current: BuiltSnapshot | null = null;

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  get current(): MeshSnapshot | null {
    return this.#current?.snapshot ?? null;
  }

  onChange(listener: (snapshot: Snapshot) => void): () => void {
    // Wrapped, so that a listener that is given twice is called twice and ended once at a time.
    const own = (snapshot: Snapshot) => listener(snapshot);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  update(mesh: TranslatedMesh, trustBundle: TrustBundle): StoreUpdate {
    const snapshot = buildSnapshot(this.#current, mesh, trustBundle);
    if (snapshot === this.#current?.snapshot) {
      this.#current = { snapshot, mesh };
      return { kind: 'unchanged' };
    }
    const known = this.#current?.snapshot ?? null;
    const findings = known !== null && isAsConsistentAs(snapshot, known) ? [] : checkConsistency(snapshot);
    if (findings.length > 0) {
      this.#logger.error('snapshot rejected, the last good one stays', {
        findings: findings.slice(0, 20),
        findingCount: findings.length,
      });
      return { kind: 'rejected', findings };
    }
    this.#current = { snapshot, mesh };
    this.#announce(snapshot);
    return { kind: 'replaced', snapshot };
  }

  /** One listener's fault must not keep the news from the others. */
  #announce(snapshot: Snapshot): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(snapshot);
      } catch (thrown) {
        this.#logger.error('snapshot listener failed', { reason: messageOf(thrown) });
      }
    }
  }
}
