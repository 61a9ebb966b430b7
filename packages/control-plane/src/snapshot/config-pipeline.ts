/** One change, in a straight line: source -> translate -> build -> check -> store. */
import { resourceKinds } from '@tulle/model';
import { type Clock, type Component, type Logger, messageOf } from '@tulle/runtime';
import type { TrustBundleSource } from '../identity/trust-bundle-source.ts';
import type { ConfigFault, ResourceSource } from '../sources/resource-source.ts';
import type { TranslateOptions } from '../translate/translate-options.ts';
import type { Condition, ObjectStatus, Translated } from '../translate/translated.ts';
import { Translator } from '../translate/translator.ts';
import { aliasClashes } from './build-snapshot.ts';
import type { ConfigMetrics } from './config-metrics.ts';
import { dumpSnapshot, type SnapshotDump } from './dump-snapshot.ts';
import type { SnapshotStore, StoreUpdate } from './snapshot-store.ts';

export interface ConfigPipelineOptions {
  readonly source: ResourceSource;
  readonly trustBundle: TrustBundleSource;
  readonly store: SnapshotStore;
  readonly translate: TranslateOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: ConfigMetrics;
}

export interface ConfigDump {
  /** Null until the first configuration has been read. */
  readonly snapshot: SnapshotDump | null;
  readonly faults: readonly ConfigFault[];
  readonly statuses: readonly ObjectStatus[];
}

const maxLoggedFaults = 20;

/** Keeps the store at what the source and the trust bundle say. Owns neither: start the source before it. */
export class ConfigPipeline implements Component {
  readonly name = 'config pipeline';
  readonly #options: ConfigPipelineOptions;
  readonly #listeners = new Set<() => void>();
  #endSubscriptions: (() => void)[] = [];
  #statuses: readonly ObjectStatus[] = [];
  #ownFaults: readonly ConfigFault[] = [];
  #translator: Translator;

  constructor(options: ConfigPipelineOptions) {
    this.#options = options;
    this.#translator = new Translator(options.translate);
  }

  /** The statuses of the objects that are in force, for whoever writes them. */
  get statuses(): readonly ObjectStatus[] {
    return this.#statuses;
  }

  /** Everything that is wrong with the configuration now: the source's faults, then the pipeline's own. */
  get faults(): readonly ConfigFault[] {
    return [...this.#options.source.faults, ...this.#ownFaults];
  }

  async start(): Promise<void> {
    const { source, trustBundle } = this.#options;
    const run = () => this.#run();
    this.#endSubscriptions = [source.onChange(run), trustBundle.onChange(run)];
    this.#run();
  }

  async stop(): Promise<void> {
    for (const end of this.#endSubscriptions) end();
    this.#endSubscriptions = [];
  }

  /** Called after each run, also where the snapshot stayed: statuses and faults may have changed. */
  onRun(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dump(): ConfigDump {
    const { current } = this.#options.store;
    return {
      snapshot: current === null ? null : dumpSnapshot(current),
      faults: this.faults,
      statuses: this.#statuses,
    };
  }

  #run(): void {
    const { clock, logger } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      const update = this.#update();
      if (update !== null) this.#record(update, clock.monotonicMs() - startMs);
    } catch (thrown) {
      // A broken invariant: what stands goes on being served, and nothing of what was kept is trusted.
      this.#translator = new Translator(this.#options.translate);
      this.#ownFaults = [
        fault('error', 'config pipeline', `failed, the last good snapshot stays: ${messageOf(thrown)}`),
      ];
      this.#options.metrics?.updates.with('failed').inc();
      logger.error('configuration update failed, the last good snapshot stays', {
        reason: messageOf(thrown),
        stack: thrown instanceof Error ? thrown.stack : null,
      });
    }
    this.#recordFaults();
    for (const listener of [...this.#listeners]) listener();
  }

  #update(): StoreUpdate | null {
    const { source, trustBundle, store } = this.#options;
    if (source.current === null) return null;
    const translated = this.#translator.translate(source.current);
    const update = store.update(translated.mesh, trustBundle.current);
    this.#takeFaults(faultsOf(translated, update));
    if (update.kind !== 'rejected') this.#statuses = translated.statuses;
    return update;
  }

  /** Told once, when they appear: the source says its own. */
  #takeFaults(faults: readonly ConfigFault[]): void {
    const known = new Set(this.#ownFaults.map(textOf));
    const fresh = faults.map(textOf).filter((text) => !known.has(text));
    this.#ownFaults = faults;
    if (fresh.length === 0) return;
    this.#options.logger.warn('the configuration has faults', {
      faults: fresh.slice(0, maxLoggedFaults),
      faultCount: fresh.length,
    });
  }

  #record(update: StoreUpdate, elapsedMs: number): void {
    const { logger, metrics, clock } = this.#options;
    metrics?.updates.with(update.kind).inc();
    metrics?.updateSeconds.observe(elapsedMs / 1_000);
    if (update.kind !== 'replaced') return;
    const { snapshot } = update;
    const counts = snapshot.counts();
    logger.info('snapshot replaced', {
      sequence: snapshot.sequence,
      elapsedMs: Math.round(elapsedMs),
      ...counts,
    });
    for (const kind of resourceKinds) metrics?.resources.with(kind).set(counts[kind]);
    metrics?.sequence.set(snapshot.sequence);
    metrics?.lastUpdate.set(clock.nowMs() / 1_000);
  }

  #recordFaults(): void {
    const { metrics } = this.#options;
    const errors = this.faults.filter(({ severity }) => severity === 'error').length;
    metrics?.faults.with('error').set(errors);
    metrics?.faults.with('warning').set(this.faults.length - errors);
  }
}

function textOf({ severity, place, reason }: ConfigFault): string {
  return `${severity}: ${place}: ${reason}`;
}

function fault(severity: ConfigFault['severity'], place: string, reason: string): ConfigFault {
  return { severity, place, path: '', reason };
}

/** What only the whole of the resources shows. */
function faultsOf({ mesh, statuses }: Translated, update: StoreUpdate): readonly ConfigFault[] {
  const clashes = aliasClashes(mesh.services).map(({ alias, keptBy, lostBy }) =>
    fault('error', `Service ${lostBy}`, `${alias} is already Service ${keptBy}'s, which keeps it`),
  );
  const objects = statuses.flatMap(({ kind, namespace, name, conditions }) => {
    const place = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
    return (conditions as readonly Condition[])
      .filter(({ status }) => status === 'False')
      .map(({ type, reason, message }) =>
        fault(type === 'Attached' ? 'warning' : 'error', place, `${type}=False, ${reason}: ${message}`),
      );
  });
  const findings = update.kind === 'rejected' ? update.findings : [];
  return [...clashes, ...objects, ...findings.map((finding) => fault('error', 'snapshot', finding))];
}
