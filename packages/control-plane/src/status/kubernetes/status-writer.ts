/** Brings the statuses in the cluster to what they should be, object by object, for as long as this replica leads. */
import { KubernetesError } from '@tulle/kubernetes';
import { backoffDelayMs, type Clock, type Logger, messageOf, type Random, TokenBucket } from '@tulle/runtime';
import type { DesiredStatus } from '../desired-status.ts';
import { type FaultEvent, faultEvents } from '../fault-events.ts';
import { mergeStatus, type StatusMerge, urgencyOf } from '../merge-status.ts';
import { WorkQueue } from '../work-queue.ts';
import { WriteGate, type WriteGateTiming } from '../write-gate.ts';
import { type PresentObject, type PresentStatuses, presentObject } from './present-statuses.ts';
import type { StatusMetrics } from './status-metrics.ts';
import { statusTypes } from './status-types.ts';
import { type StatusClient, writeStatus } from './write-status.ts';

export interface StatusWriterOptions {
  readonly client: StatusClient;
  readonly present: Pick<PresentStatuses, 'get' | 'told' | 'wrote'>;
  /** By object name; undefined: the source has not read it yet. */
  readonly desiredOf: (name: string) => DesiredStatus | undefined;
  /** Asked before each write. */
  readonly isLeader: () => boolean;
  readonly onFault: (object: PresentObject, event: FaultEvent) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: StatusMetrics;
  readonly timing?: Partial<WriteGateTiming>;
}

const maxObjects = 50_000;
const concurrency = 4;
const writesPerSecond = 50;
const writesBurst = 100;
const backoff = { baseMs: 500, maxMs: 60_000 };
/** Conflicts in a row that are met with another read at once. */
const maxRereads = 3;
/** A lead that is in doubt is lost, and this stopped, or renewed within moments. */
const doubtMs = 1_000;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #queue: WorkQueue;
  readonly #gate: WriteGate;
  readonly #writes: TokenBucket;
  readonly #failures = new Map<string, number>();
  #isFull = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    const { clock } = options;
    this.#gate = new WriteGate(options.timing);
    this.#writes = new TokenBucket({ perSecond: writesPerSecond, burst: writesBurst, clock });
    this.#queue = new WorkQueue({
      clock,
      concurrency,
      maxKeys: maxObjects,
      work: (name) => this.#look(name),
    });
  }

  /** Something about these objects, or about what they should say, has changed. */
  look(names: Iterable<string>): void {
    for (const name of names) this.#schedule(name, 0);
    this.#options.metrics.queueDepth.set(this.#queue.depth);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
    this.#options.metrics.queueDepth.set(0);
  }

  #schedule(name: string, delayMs: number): void {
    const isTaken = delayMs > 0 ? this.#queue.addAfter(name, delayMs) : this.#queue.add(name);
    if (isTaken || this.#isFull || this.#queue.isStopped) return;
    this.#isFull = true;
    this.#options.logger.warn('too many objects wait for their status: some are left until the next look', {
      maxObjects,
    });
  }

  async #look(name: string): Promise<void> {
    try {
      await this.#settle(name);
      this.#failures.delete(name);
    } catch (thrown) {
      this.#failed(name, thrown);
    }
    if (this.#queue.depth <= 1) this.#isFull = false;
    // This one is still counted as in work.
    this.#options.metrics.queueDepth.set(this.#queue.depth - 1);
  }

  async #settle(name: string): Promise<void> {
    const { clock, desiredOf, isLeader, metrics, present } = this.#options;
    const object = present.get(name);
    if (object === undefined) this.#gate.forget(name);
    const desired = desiredOf(name);
    // Of another generation: whichever of the two is behind will be told of soon, and it is looked at again.
    if (object === undefined || desired?.generation !== object.generation) return;
    const merge = mergeStatus(object.status, desired, clock.nowMs());
    if (merge.kind !== 'changed') {
      this.#gate.settled(name);
      metrics.skipped.with(object.kind).inc();
      return;
    }
    const delayMs = this.#gate.delayMs(name, urgencyOf(merge.changes), clock.monotonicMs());
    if (delayMs > 0) this.#schedule(name, delayMs);
    else if (!isLeader()) this.#schedule(name, doubtMs);
    else if (!this.#writes.take()) this.#schedule(name, 1_000 * (1 + this.#options.random()));
    else await this.#write(name, { object, desired, merge });
  }

  async #write(name: string, first: Attempt): Promise<void> {
    let attempt: Attempt | null = first;
    for (let rereads = 0; attempt !== null; rereads++) {
      const { object, desired, merge }: Attempt = attempt;
      const toldBefore = this.#options.present.told(name);
      try {
        const written = await writeStatus(this.#options.client, object, merge.status);
        this.#options.present.wrote(written, toldBefore);
        this.#wrote(name, written, merge);
        return;
      } catch (thrown) {
        const { status = 0 } = thrown instanceof KubernetesError ? thrown : {};
        // Deleted meanwhile.
        if (status === 404) return;
        if (status !== 409) throw thrown;
        this.#options.metrics.conflicts.with(object.kind).inc();
        if (rereads >= maxRereads) throw thrown;
        attempt = await this.#reread(name, object, desired);
      }
    }
  }

  /** After somebody else has changed the object; null: there is nothing left to write. */
  async #reread(name: string, stale: PresentObject, desired: DesiredStatus): Promise<Attempt | null> {
    const { client, clock, isLeader } = this.#options;
    const raw = await client.get(statusTypes[stale.kind], stale);
    if (!isLeader()) this.#schedule(name, doubtMs);
    if (raw === null || !isLeader()) return null;
    const object = presentObject(stale.kind, raw);
    if (object.generation !== desired.generation) return null;
    const merge = mergeStatus(object.status, desired, clock.nowMs());
    return merge.kind === 'changed' ? { object, desired, merge } : null;
  }

  #wrote(name: string, written: PresentObject, { changes }: Changed): void {
    const { clock, metrics, onFault } = this.#options;
    this.#gate.wrote(name, clock.monotonicMs());
    metrics.writes.with(written.kind).inc();
    for (const event of faultEvents(changes)) onFault(written, event);
  }

  #failed(name: string, thrown: unknown): void {
    const { logger, metrics, random } = this.#options;
    const attempt = this.#failures.get(name) ?? 0;
    this.#failures.set(name, attempt + 1);
    const askedMs = thrown instanceof KubernetesError ? (thrown.retryAfterMs ?? 0) : 0;
    const retryMs = Math.max(askedMs, backoffDelayMs(attempt, backoff, random));
    metrics.failures.with(name.split(' ', 1)[0]!).inc();
    logger.warn('status cannot be written', { object: name, reason: messageOf(thrown), retryMs });
    this.#schedule(name, retryMs);
  }
}

type Changed = Extract<StatusMerge, { readonly kind: 'changed' }>;

interface Attempt {
  readonly object: PresentObject;
  readonly desired: DesiredStatus;
  readonly merge: Changed;
}
