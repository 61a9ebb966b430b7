/** What the other replicas report of their proxies, asked over and over by the one that writes statuses. */
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import type { ReplicaReport } from '../acknowledgement-report.ts';
import { parseReport } from '../report-page.ts';
import type { Replica } from './replicas.ts';

export interface ReplicaReportsOptions {
  /** The others as they are known now. */
  readonly others: () => readonly Replica[];
  /** The text of a page; rejects where there is none in time. */
  readonly fetchText: (url: string, signal: AbortSignal) => Promise<string>;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const intervalMs = 1_000;
/** For so long what a replica said last stands: mostly it is gone by then, and its proxies are with another. */
const silentAfterMs = 15_000;

interface Known {
  report: ReplicaReport | null;
  answeredMs: number;
  isAsking: boolean;
  /** It has answered once, or has not. */
  isHeard: boolean;
  /** As it was told last. */
  wasSilent: boolean;
}

export class ReplicaReports {
  readonly #options: ReplicaReportsOptions;
  readonly #known = new Map<string, Known>();
  readonly #stopping = new AbortController();
  #cancelRound = () => {};

  constructor(options: ReplicaReportsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#ask();
  }

  stop(): void {
    this.#cancelRound();
    this.#stopping.abort();
    this.#known.clear();
  }

  /** Of those that answered lately. */
  get reports(): readonly ReplicaReport[] {
    return [...this.#known.values()].flatMap((known) =>
      known.report === null || this.#isSilent(known) ? [] : [known.report],
    );
  }

  /** False: of some replica it is not known yet whether it answers, so that nothing can be said of all proxies. */
  get isComplete(): boolean {
    return [...this.#known.values()].every(({ isHeard }) => isHeard);
  }

  get silent(): readonly string[] {
    return [...this.#known].filter(([, known]) => this.#isSilent(known)).map(([name]) => name);
  }

  /** Those of the silent ones that may have proxies which use the object: they had when they spoke last, or never spoke. */
  silentOf(key: string): readonly string[] {
    return this.silent.filter((name) => this.#known.get(name)?.report?.objects.has(key) ?? true);
  }

  /** For the dump. */
  describe(): object {
    return [...this.#known].map(([name, known]) => ({
      name,
      isSilent: this.#isSilent(known),
      objects: known.report?.objects.size ?? null,
    }));
  }

  #isSilent({ answeredMs }: Known): boolean {
    return this.#options.clock.monotonicMs() - answeredMs > silentAfterMs;
  }

  #ask(): void {
    const { clock, others } = this.#options;
    const replicas = others();
    const names = new Set(replicas.map(({ name }) => name));
    for (const name of this.#known.keys()) {
      if (!names.has(name)) this.#forget(name);
    }
    for (const replica of replicas) {
      const known = this.#known.get(replica.name) ?? {
        report: null,
        answeredMs: clock.monotonicMs(),
        isAsking: false,
        isHeard: false,
        wasSilent: false,
      };
      this.#known.set(replica.name, known);
      if (!known.isAsking) void this.#askOne(replica, known);
    }
    this.#cancelRound = clock.schedule(intervalMs, () => this.#ask());
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.#options.onChange();
  }

  async #askOne({ name, host, port }: Replica, known: Known): Promise<void> {
    const { clock, fetchText, logger, onChange } = this.#options;
    known.isAsking = true;
    try {
      const query = known.report === null ? '' : `?revision=${encodeURIComponent(known.report.revision)}`;
      const text = await fetchText(`http://${host}:${port}/acknowledged${query}`, this.#stopping.signal);
      const { objects, ...report } = parseReport(text);
      if (this.#stopping.signal.aborted) return;
      known.answeredMs = clock.monotonicMs();
      const isFirst = !known.isHeard;
      known.isHeard = true;
      if (objects !== null) known.report = { ...report, objects };
      if (objects !== null || known.wasSilent || isFirst) onChange();
      known.wasSilent = false;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      if (!known.isHeard) {
        known.isHeard = true;
        onChange();
      }
      if (known.wasSilent || !this.#isSilent(known)) return;
      known.wasSilent = true;
      if (this.#known.get(name) === known) {
        logger.warn('a replica does not tell of its proxies', { replica: name, reason: messageOf(thrown) });
        onChange();
      }
    } finally {
      known.isAsking = false;
    }
  }
}
