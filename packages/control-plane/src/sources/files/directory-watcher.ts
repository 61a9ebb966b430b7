import { type FSWatcher, watch } from 'node:fs';
import { type Logger, messageOf } from '@tulle/runtime';
import type { FoundDirectory } from './list-files.ts';

/**
 * Tells that something happened in one of the directories. A hint for speed and never more: events are
 * lost, merged and unknown to some file systems, which is why the source also looks for itself.
 */
export class DirectoryWatcher {
  readonly #watchers = new Map<string, { readonly fingerprint: string; readonly watcher: FSWatcher }>();
  readonly #onEvent: () => void;
  readonly #logger: Logger;
  #hasWarned = false;

  constructor({ onEvent, logger }: { readonly onEvent: () => void; readonly logger: Logger }) {
    this.#onEvent = onEvent;
    this.#logger = logger;
  }

  /** Watches exactly these from now on. */
  watch(directories: readonly FoundDirectory[]): void {
    const wanted = new Map(directories.map(({ path, fingerprint }) => [path, fingerprint]));
    for (const [path, { fingerprint }] of this.#watchers) {
      if (wanted.get(path) !== fingerprint) this.#end(path);
    }
    for (const [path, fingerprint] of wanted) {
      if (!this.#watchers.has(path)) this.#begin(path, fingerprint);
    }
  }

  close(): void {
    for (const path of [...this.#watchers.keys()]) this.#end(path);
  }

  #begin(path: string, fingerprint: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => this.#onEvent());
      this.#watchers.set(path, { fingerprint, watcher });
      watcher.on('error', (cause) => {
        this.#warn(path, cause);
        this.#end(path);
      });
    } catch (thrown) {
      this.#warn(path, thrown);
    }
  }

  #end(path: string): void {
    this.#watchers.get(path)?.watcher.close();
    this.#watchers.delete(path);
  }

  /** Once: where watching fails, it fails for each directory at each look. */
  #warn(path: string, thrown: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn('cannot watch the configuration directory, looking at intervals instead', {
      path,
      reason: messageOf(thrown),
    });
  }
}
