import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import type { StateMetrics } from '../control-metrics.ts';
import type { StateDirectory } from './state-directory.ts';
import { decodeState, encodeState, type StateKind } from './state-encoding.ts';

export interface StateFileOptions {
  readonly kind: StateKind;
  readonly maxBytes: number;
  /** Whose state it is: a file of anybody else is ignored. */
  readonly owner: StateOwner;
  readonly directory: StateDirectory;
  readonly clock: Clock;
  readonly metrics: StateMetrics;
  readonly logger: Logger;
}

export interface StateOwner {
  /** `<namespace>/<pod>`. */
  readonly workload: string;
  readonly trustDomain: string;
}

/** After a change, for those that come with it. */
const debounceMs = 1_000;
/** The share of the time that writing may take: a configuration that is large and never rests is written less often. */
const maxWriteShare = 0.02;

/** One file of the state directory: what an earlier life left, and what this one leaves. */
export class StateFile {
  readonly #options: StateFileOptions;
  #make: (() => unknown) | null = null;
  #cancel: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #pauseMs = debounceMs;

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** The content that was saved for this very workload, or null; why not is in the log. `parse` throws on what it does not take. */
  async load<T>(parse: (content: unknown) => T): Promise<T | null> {
    const { kind, directory, maxBytes, metrics } = this.#options;
    const read = await directory.read(this.#name, maxBytes);
    if (read.kind === 'none') {
      metrics.loads.with(kind, 'none').inc();
      return null;
    }
    if (read.kind === 'unusable') return this.#ignore(read.reason);
    const decoded = decodeState(kind, read.bytes);
    if (!decoded.ok) return this.#ignore(decoded.reason);
    try {
      const content = parse(contentOf(decoded.content, this.#options.owner));
      metrics.loads.with(kind, 'loaded').inc();
      return content;
    } catch (thrown) {
      return this.#ignore(messageOf(thrown));
    }
  }

  /** Writes what `make` gives, in a while: once for all changes until then. */
  saveLater(make: () => unknown): void {
    this.#make = make;
    this.#cancel ??= this.#options.clock.schedule(this.#pauseMs, () => void this.flush());
  }

  /** Writes at once what is owed; resolves when it is on the disk, or has failed and been told. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  get #name(): string {
    return `${this.#options.kind}.state`;
  }

  async #write(): Promise<void> {
    const make = this.#make;
    if (make === null) return;
    this.#make = null;
    const { kind, owner, directory, maxBytes, clock, metrics, logger } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      const bytes = encodeState(kind, { ...owner, content: make() });
      if (bytes.length > maxBytes) throw new Error(`it has ${bytes.length} bytes, more than ${maxBytes}`);
      await directory.write(this.#name, bytes);
      metrics.writes.with(kind, 'written').inc();
    } catch (thrown) {
      metrics.writes.with(kind, 'failed').inc();
      logger.warn('state not saved; a restart may find an older one', {
        file: kind,
        reason: messageOf(thrown),
      });
    }
    this.#pauseMs = Math.max(debounceMs, (clock.monotonicMs() - startMs) / maxWriteShare);
  }

  #ignore(reason: string): null {
    const { kind, directory, metrics, logger } = this.#options;
    metrics.loads.with(kind, 'ignored').inc();
    const fields = { file: `${directory.path}/${this.#name}`, reason };
    logger.warn('saved state ignored; starting as if there were none', fields);
    return null;
  }
}

/** Throws where the file is another's. */
function contentOf(saved: unknown, owner: StateOwner): unknown {
  const { workload, trustDomain, content } = saved as Partial<StateOwner> & { content?: unknown };
  const isOwn = workload === owner.workload && trustDomain === owner.trustDomain;
  if (isOwn) return content;
  throw new Error(`is of ${workload} in ${trustDomain}, not of ${owner.workload} in ${owner.trustDomain}`);
}
