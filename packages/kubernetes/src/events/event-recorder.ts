/**
 * Tells operators what happened, as events.k8s.io/v1 Events beside the object that it happened to. The same
 * again is counted in one Event (a series), writes are limited, and nothing here ever throws or waits.
 *
 * Verbs that a role needs: `create` and `patch` on events.events.k8s.io, in the namespaces of the objects
 * (`default` for those of the whole cluster).
 */
import { type Clock, type Logger, MetricsRegistry, messageOf, TokenBucket } from '@tulle/runtime';
import type { KubernetesClient } from '../client/kubernetes-client.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { microTime } from '../micro-time.ts';
import type { ObjectMetadata } from '../raw-object.ts';
import { resourceTypes } from '../resource-types.ts';
import { type EventMetrics, eventMetrics } from './event-metrics.ts';

/** What an Event is about: an object, or as much of it as is known. */
export interface EventRegarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Pick<ObjectMetadata, 'name' | 'namespace' | 'uid'>;
}

export interface EventInit {
  readonly regarding: EventRegarding;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for programs: `InvalidConfiguration`. */
  readonly reason: string;
  /** CamelCase, what was being done: `Translate`. */
  readonly action: string;
  /** For people; cut at 1,024 bytes, which is all that an Event takes. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** `tulle.dev/control-plane`. */
  readonly reportingController: string;
  /** The pod's name. */
  readonly reportingInstance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: MetricsRegistry;
}

/** One Event in the API server, and how often it happened. */
interface Series {
  readonly namespace: string;
  readonly name: string;
  count: number;
  lastMs: number;
  /** Of the count. */
  written: number;
  isWriting: boolean;
  cancelWrite: () => void;
}

/** After so long without it, the same is a new Event (as client-go). */
const seriesLifeMs = 6 * 60_000;

/** A series is brought up to date at most so often. */
const seriesPeriodMs = 60_000;

const maxSeries = 1_000;
const maxNoteBytes = 1_024;

/** Of writes, all together. */
const burst = 50;
const perSecond = 2;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #metrics: EventMetrics;
  readonly #bucket: TokenBucket;
  /** The longest unseen first. */
  readonly #series = new Map<string, Series>();
  #made = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#metrics = eventMetrics(options.metrics ?? new MetricsRegistry());
    this.#bucket = new TokenBucket({ burst, perSecond, clock: options.clock });
  }

  record(event: EventInit): void {
    const nowMs = this.#options.clock.nowMs();
    const key = keyOf(event);
    const known = this.#series.get(key);
    if (known !== undefined && nowMs - known.lastMs < seriesLifeMs) {
      known.count++;
      known.lastMs = nowMs;
      // To the end of the order: the one that is dropped for want of room is the one longest unseen.
      this.#series.delete(key);
      this.#series.set(key, known);
      this.#scheduleUpdate(known, event);
      return;
    }
    known?.cancelWrite();
    const series = this.#newSeries(event, nowMs);
    this.#series.set(key, series);
    this.#makeRoom();
    this.#write(series, () => this.#create(series, event));
  }

  #newSeries({ regarding }: EventInit, nowMs: number): Series {
    const { name, namespace = '' } = regarding.metadata;
    this.#made++;
    const suffix = `${nowMs.toString(16)}${this.#made.toString(16).padStart(4, '0')}`;
    return {
      namespace: namespace === '' ? 'default' : namespace,
      // What the cut leaves at the end may be what no part of a name ends with.
      name: `${name.slice(0, 230).replace(/[^a-z0-9]+$/, '')}.${suffix}`,
      count: 1,
      lastMs: nowMs,
      written: 0,
      isWriting: false,
      cancelWrite: () => {},
    };
  }

  #makeRoom(): void {
    for (const [key, series] of this.#series) {
      if (this.#series.size <= maxSeries) return;
      series.cancelWrite();
      this.#series.delete(key);
    }
  }

  #scheduleUpdate(series: Series, event: EventInit): void {
    if (series.isWriting) return;
    series.isWriting = true;
    series.cancelWrite = this.#options.clock.schedule(seriesPeriodMs, () => {
      series.isWriting = false;
      this.#write(series, () => this.#update(series, event));
    });
  }

  #write(series: Series, write: () => Promise<unknown>): void {
    if (!this.#bucket.take()) {
      this.#metrics.dropped.inc();
      return;
    }
    const count = series.count;
    write().then(
      () => {
        series.written = count;
        this.#metrics.written.inc();
      },
      (thrown: unknown) => {
        this.#metrics.failed.inc();
        this.#options.logger.warn('event could not be written', {
          reason: messageOf(thrown),
          code: thrown instanceof KubernetesError ? thrown.code : null,
        });
      },
    );
  }

  #create({ namespace, name, lastMs }: Series, { regarding, type, reason, action, note }: EventInit) {
    const { client, reportingController, reportingInstance } = this.#options;
    const { apiVersion, kind, metadata } = regarding;
    return client.create(resourceTypes.events, {
      metadata: { namespace, name },
      eventTime: microTime(lastMs),
      reportingController,
      reportingInstance,
      action,
      reason,
      note: cut(note),
      type,
      regarding: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    });
  }

  /** An Event lives an hour in the API server: one that is gone is made anew. */
  async #update(series: Series, event: EventInit): Promise<void> {
    const { namespace, name, count, lastMs, written } = series;
    if (written === 0) {
      await this.#create(series, event);
      return;
    }
    const body = { series: { count, lastObservedTime: microTime(lastMs) } };
    const contentType = 'application/merge-patch+json';
    try {
      await this.#options.client.patch(resourceTypes.events, { namespace, name }, { contentType, body });
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError) || thrown.status !== 404) throw thrown;
      await this.#create(series, event);
    }
  }
}

function keyOf({ regarding, type, reason, action, note }: EventInit): string {
  const { apiVersion, kind, metadata } = regarding;
  const { namespace = '', name, uid = '' } = metadata;
  return [apiVersion, kind, namespace, name, uid, type, reason, action, note].join('\u0000');
}

function cut(note: string): string {
  const bytes = Buffer.from(note);
  if (bytes.length <= maxNoteBytes) return note;
  // Of a character that the cut divides nothing stays.
  return `${bytes
    .subarray(0, maxNoteBytes - 3)
    .toString('utf8')
    .replace(/\ufffd+$/, '')}...`;
}
