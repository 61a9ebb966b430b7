/**
 * Tells operators in the cluster what became of what they wrote. Every replica knows it of its own proxies; the
 * one that leads asks the others and writes: each object's status where it differs, and an Event where it got worse.
 */
import type { EndpointSlice } from '@tulle/api';
import {
  apiVersionOf,
  type EventRecorder,
  type KubernetesClient,
  type LeaderElector,
} from '@tulle/kubernetes';
import type { Clock, Component, Logger, MetricsRegistry, Random } from '@tulle/runtime';
import { Debouncer } from '../../discovery/debouncer.ts';
import type { HeldVersions } from '../../discovery/held-versions.ts';
import { isSameContent } from '../../same-content.ts';
import type { RejectedObject } from '../../sources/rejected-object.ts';
import type { ResourceSet } from '../../sources/resource-set.ts';
import type { ObjectStatus } from '../../translate/translated.ts';
import type { AcknowledgementReporter } from '../acknowledgement-report.ts';
import { type DesiredStatus, desiredStatuses } from '../desired-status.ts';
import type { FaultEvent } from '../fault-events.ts';
import { sumCounts } from '../merge-reports.ts';
import type { WriteGateTiming } from '../write-gate.ts';
import { type PresentObject, PresentStatuses } from './present-statuses.ts';
import { ReplicaReports, type ReplicaReportsOptions } from './replica-reports.ts';
import { replicasOf, replicasService } from './replicas.ts';
import { createStatusMetrics, type StatusMetrics } from './status-metrics.ts';
import { statusTypes } from './status-types.ts';
import { StatusWriter } from './status-writer.ts';

export interface StatusReporterOptions {
  readonly client: KubernetesClient;
  readonly elector: Pick<LeaderElector, 'isLeader' | 'holder' | 'onChange'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly source: {
    readonly current: ResourceSet | null;
    readonly rejected: readonly RejectedObject[];
    /** Of the service `<namespace>/<name>`, as they are known now. */
    slicesOf(service: string): Iterable<EndpointSlice>;
  };
  readonly pipeline: {
    readonly statuses: readonly ObjectStatus[];
    onRun(listener: () => void): () => void;
  };
  readonly held: Pick<HeldVersions, 'onChange'>;
  readonly acknowledged: AcknowledgementReporter;
  /** This one's pod. */
  readonly replica: string;
  readonly meshNamespace: string;
  readonly fetchText: ReplicaReportsOptions['fetchText'];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
  readonly timing?: Partial<WriteGateTiming>;
}

/** Long enough for proxies to take a change, so that it is told of once. */
const debounce = { quietMs: 150, maxMs: 1_000 };

/** Whatever was missed, as where the queue was full, is found again. */
const lookAgainMs = 10 * 60_000;

/** What there is while this replica leads. */
interface Term {
  readonly present: PresentStatuses;
  readonly replicas: ReplicaReports;
  readonly writer: StatusWriter;
  cancelLook: () => void;
}

export class StatusReporter implements Component {
  readonly name = 'status reporter';
  readonly #options: StatusReporterOptions;
  readonly #metrics: StatusMetrics;
  readonly #debouncer: Debouncer;
  #endSubscriptions: (() => void)[] = [];
  #term: Term | null = null;
  /** Terms begin and end one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #desired: ReadonlyMap<string, DesiredStatus> = new Map();

  constructor(options: StatusReporterOptions) {
    this.#options = options;
    this.#metrics = createStatusMetrics(options.metrics);
    this.#debouncer = new Debouncer(options.clock, debounce, () => this.#refresh());
  }

  async start(): Promise<void> {
    const { elector, held, pipeline } = this.#options;
    const poke = () => {
      if (this.#term !== null) this.#debouncer.poke();
    };
    this.#endSubscriptions = [
      elector.onChange(() => this.#follow()),
      pipeline.onRun(poke),
      held.onChange(poke),
    ];
    this.#follow();
  }

  async stop(deadlineMs: number): Promise<void> {
    for (const end of this.#endSubscriptions) end();
    this.#endSubscriptions = [];
    this.#debouncer.cancel();
    this.#take(async () => this.#endTerm());
    // A write that hangs must not take the time in which the Lease is given back and streams end.
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.schedule(deadlineMs / 4, resolve);
      const ended = () => {
        cancel();
        resolve();
      };
      this.#turn.then(ended, ended);
    });
  }

  /** For the dump: what should stand, reckoned now where this replica does not lead, from its own proxies alone. */
  describe(): object {
    const { elector, replica } = this.#options;
    const desired = this.#term === null ? this.#reckon() : this.#desired;
    return {
      replica,
      isLeader: elector.isLeader,
      leader: elector.holder,
      watched: this.#term?.present.describe() ?? null,
      replicas: this.#term?.replicas.describe() ?? null,
      desired: [...desired.values()],
    };
  }

  #follow(): void {
    this.#take(async () => {
      const { isLeader } = this.#options.elector;
      if (isLeader && this.#term === null) await this.#beginTerm();
      if (!isLeader && this.#term !== null) await this.#endTerm();
    });
  }

  #take(step: () => Promise<void>): void {
    this.#turn = this.#turn.then(step).catch((thrown: unknown) => {
      this.#options.logger.error('a change of leadership could not be followed', { reason: String(thrown) });
    });
  }

  async #beginTerm(): Promise<void> {
    const { client, clock, elector, logger, random, timing } = this.#options;
    const present = new PresentStatuses({
      client,
      clock,
      random,
      logger,
      onChange: (names) => this.#term?.writer.look(names),
    });
    const writer = new StatusWriter({
      client,
      present,
      desiredOf: (name) => this.#desired.get(name),
      isLeader: () => elector.isLeader,
      onFault: (object, event) => this.#recordFault(object, event),
      clock,
      random,
      logger,
      metrics: this.#metrics,
      ...(timing === undefined ? {} : { timing }),
    });
    this.#term = { present, writer, replicas: this.#askReplicas(), cancelLook: () => {} };
    this.#desired = new Map();
    this.#term.replicas.start();
    this.#refresh();
    await present.start();
    this.#lookLater(this.#term);
  }

  async #endTerm(): Promise<void> {
    const term = this.#term;
    if (term === null) return;
    this.#term = null;
    this.#debouncer.cancel();
    term.cancelLook();
    term.replicas.stop();
    await Promise.all([term.writer.stop(), term.present.stop()]);
    this.#desired = new Map();
    this.#metrics.silentReplicas.set(0);
  }

  #askReplicas(): ReplicaReports {
    const { clock, fetchText, logger, meshNamespace, replica, source } = this.#options;
    const service = replicasService(meshNamespace);
    return new ReplicaReports({
      others: () => replicasOf(source.slicesOf(service)).filter(({ name }) => name !== replica),
      fetchText,
      onChange: () => this.#debouncer.poke(),
      clock,
      logger,
    });
  }

  #lookLater(term: Term): void {
    term.cancelLook = this.#options.clock.schedule(lookAgainMs, () => {
      term.writer.look(term.present.names());
      this.#lookLater(term);
    });
  }

  #refresh(): void {
    // Half of the proxies may have what the others lack: the reports that come lead here again.
    if (this.#term === null || !this.#term.replicas.isComplete) return;
    const before = this.#desired;
    this.#desired = this.#reckon();
    this.#metrics.silentReplicas.set(this.#term.replicas.silent.length);
    const changed: string[] = [];
    for (const [name, status] of this.#desired) {
      if (!isSameContent(before.get(name), status)) changed.push(name);
    }
    this.#term.writer.look(changed);
  }

  #reckon(): ReadonlyMap<string, DesiredStatus> {
    const { acknowledged, pipeline, source } = this.#options;
    if (source.current === null) return new Map();
    const reports = [acknowledged.report(), ...(this.#term?.replicas.reports ?? [])];
    return desiredStatuses({
      resources: source.current,
      statuses: pipeline.statuses,
      rejected: source.rejected,
      countsOf: (key, generation) => sumCounts(reports, key, generation),
      silentOf: (key) => this.#term?.replicas.silentOf(key) ?? [],
    });
  }

  #recordFault({ kind, namespace, name, uid }: PresentObject, event: FaultEvent): void {
    const metadata = namespace === '' ? { name, uid } : { namespace, name, uid };
    const regarding = { apiVersion: apiVersionOf(statusTypes[kind]), kind, metadata };
    this.#options.events.record({ regarding, type: 'Warning', ...event });
  }
}
