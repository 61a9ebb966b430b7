import type { Cast } from './cast.ts';
import type { Load } from './load.ts';
import { countsBetween, type EdgeCounts, scrapeEdges } from './scrape.ts';
import type { View } from './view.ts';

const refreshMs = 1_000;

/** Scrapes the sidecars each second and shows what came in between. */
export class Watch {
  readonly #options: { readonly cast: Cast; readonly load: Load; readonly view: View };
  #timer: NodeJS.Timeout | null = null;
  #last: { readonly atMs: number; readonly edges: readonly EdgeCounts[] };
  #phase: { readonly atMs: number; readonly edges: readonly EdgeCounts[] };
  #isBusy = false;

  private constructor(
    options: { readonly cast: Cast; readonly load: Load; readonly view: View },
    edges: readonly EdgeCounts[],
  ) {
    this.#options = options;
    this.#last = { atMs: performance.now(), edges };
    this.#phase = this.#last;
  }

  static async start(
    options: { readonly cast: Cast; readonly load: Load; readonly view: View },
    onFault: (fault: Error) => void,
  ): Promise<Watch> {
    const watch = new Watch(options, await scrapeEdges(options.cast));
    watch.#timer = setInterval(() => {
      watch
        .#refresh()
        .catch((fault: Error) => onFault(new Error(`cannot scrape a sidecar: ${fault.message}`)));
    }, refreshMs);
    return watch;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Shows the table of what came since the last call, and begins anew. */
  async endPhase(title: string): Promise<void> {
    const { cast, load, view } = this.#options;
    const now = { atMs: performance.now(), edges: await scrapeEdges(cast) };
    view.showTable(title, {
      elapsedMs: view.elapsedMs,
      intervalMs: now.atMs - this.#phase.atMs,
      pages: load.pagesBetween(this.#phase.atMs, now.atMs),
      edges: difference(now.edges, this.#phase.edges),
    });
    this.#phase = now;
  }

  async #refresh(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const { cast, load, view } = this.#options;
      const now = { atMs: performance.now(), edges: await scrapeEdges(cast) };
      if (this.#timer === null) return;
      view.show({
        elapsedMs: view.elapsedMs,
        intervalMs: now.atMs - this.#last.atMs,
        pages: load.pagesBetween(this.#last.atMs, now.atMs),
        edges: difference(now.edges, this.#last.edges),
      });
      this.#last = now;
    } finally {
      this.#isBusy = false;
    }
  }
}

function difference(later: readonly EdgeCounts[], earlier: readonly EdgeCounts[]): readonly EdgeCounts[] {
  return later.map((edge, index) => countsBetween(edge, earlier[index]!));
}
