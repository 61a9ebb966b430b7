/**
 * Leader election by a Lease, as client-go does it: others' clocks are not trusted, only how long ago this
 * process saw the Lease change. Whoever cannot renew in time steps down before another may take over.
 *
 * Verbs that a role needs: `get`, `create` and `update` on leases, in the namespace of the Lease.
 */
import {
  type Clock,
  type Component,
  type Logger,
  MetricsRegistry,
  messageOf,
  type Random,
} from '@tulle/runtime';
import type { KubernetesClient } from '../client/kubernetes-client.ts';
import { KubernetesError } from '../kubernetes-error.ts';
import { microTime } from '../micro-time.ts';
import { pause } from '../pause.ts';
import type { RawObject } from '../raw-object.ts';
import { resourceTypes } from '../resource-types.ts';
import { type LeaderMetrics, leaderMetrics } from './leader-metrics.ts';
import { type LeaseRecord, leaseSpec, readLease } from './lease-record.ts';

export interface LeaseTiming {
  /** Others wait for so long after the last renewal. */
  readonly leaseDurationMs: number;
  /** A leader that has not renewed for so long is none any more. Less than the duration. */
  readonly renewDeadlineMs: number;
  /** Between attempts. */
  readonly retryPeriodMs: number;
}

export interface LeaderElectorOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly name: string;
  /** Of this process, unique among the candidates: the pod's name. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: MetricsRegistry;
  readonly timing?: LeaseTiming;
}

const defaultTiming: LeaseTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

export class LeaderElector implements Component {
  readonly name: string;
  readonly #options: LeaderElectorOptions;
  readonly #timing: LeaseTiming;
  /** Of one request: a second one has its turn before the lead is lost. */
  readonly #limit: { readonly deadlineMs: number };
  readonly #metrics: LeaderMetrics;
  readonly #listeners = new Set<(isLeader: boolean) => void>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #isLeader = false;
  /** By the monotonic clock: until when this process leads unless it renews. */
  #leadsUntilMs = 0;
  #cancelExpiry = () => {};
  #lease: RawObject | null = null;
  /** By the monotonic clock: when this process saw the Lease change. */
  #seenMs = 0;
  #holder = '';

  constructor(options: LeaderElectorOptions) {
    this.#options = { ...options, logger: options.logger.child({ lease: options.name }) };
    this.#timing = options.timing ?? defaultTiming;
    this.#limit = { deadlineMs: this.#timing.renewDeadlineMs / 2 };
    this.name = `leader election by ${options.name}`;
    this.#metrics = leaderMetrics(options.metrics ?? new MetricsRegistry(), options.name);
  }

  /** Looks at the clock too: a process that had no turn for long does not lead on the strength of an old renewal. */
  get isLeader(): boolean {
    return this.#isLeader && this.#options.clock.monotonicMs() < this.#leadsUntilMs;
  }

  /** Who leads as far as is known; '' where nobody does. */
  get holder(): string {
    return this.#holder;
  }

  /** Is called when leadership comes and goes. Gives what ends it. */
  onChange(listener: (isLeader: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  /** Gives the Lease back, so that another need not wait for its end. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    // What is under way may hang, and the Lease is still to be given back.
    const waiting = new AbortController();
    await Promise.race([this.#running, pause(this.#options.clock, deadlineMs / 2, waiting.signal)]);
    waiting.abort();
    const wasLeader = this.isLeader;
    this.#stepDown('this process stops');
    if (wasLeader) await this.#release(deadlineMs);
    this.#listeners.clear();
  }

  async #run(): Promise<void> {
    const { clock, logger, random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#acquireOrRenew();
      } catch (thrown) {
        if (signal.aborted) return;
        this.#metrics.failures.inc();
        logger.warn('lease cannot be read or written', {
          reason: messageOf(thrown),
          isLeader: this.isLeader,
        });
      }
      // As client-go: those who wait spread out, the leader keeps to its period.
      const { retryPeriodMs } = this.#timing;
      const delayMs = this.#isLeader ? retryPeriodMs : retryPeriodMs * (1 + 1.2 * random());
      await pause(clock, delayMs, signal);
    }
  }

  async #acquireOrRenew(): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const lease = this.#isLeader && this.#lease !== null ? this.#lease : await this.#read();
    if (lease === null) {
      await this.#write(null, startMs);
      return;
    }
    const record = readLease(lease);
    if (record.holder !== '' && record.holder !== this.#options.identity && !this.#hasExpired(record)) {
      this.#stepDown('another process holds the lease');
      return;
    }
    await this.#write(lease, startMs);
  }

  async #read(): Promise<RawObject | null> {
    const { client, namespace, name } = this.#options;
    const lease = await client.get(resourceTypes.leases, { namespace, name }, this.#limit);
    this.#observe(lease);
    return lease;
  }

  #observe(lease: RawObject | null): void {
    const version = lease?.metadata.resourceVersion;
    if (this.#lease === null || version !== this.#lease.metadata.resourceVersion) {
      this.#seenMs = this.#options.clock.monotonicMs();
    }
    this.#lease = lease;
    this.#holder = lease === null ? '' : readLease(lease).holder;
  }

  #hasExpired({ durationMs }: LeaseRecord): boolean {
    return this.#options.clock.monotonicMs() >= this.#seenMs + durationMs;
  }

  /** Takes or renews the Lease; that nobody else did so meanwhile is checked by the API server. */
  async #write(lease: RawObject | null, startMs: number): Promise<void> {
    const { client, clock, identity, namespace, name } = this.#options;
    const previous = lease === null ? null : readLease(lease);
    const now = microTime(clock.nowMs());
    const isOwn = previous?.holder === identity;
    const spec = leaseSpec({
      holder: identity,
      durationMs: this.#timing.leaseDurationMs,
      acquireTime: isOwn ? previous.acquireTime : now,
      renewTime: now,
      transitions: previous === null ? 0 : previous.transitions + (isOwn ? 0 : 1),
    });
    try {
      const written =
        lease === null
          ? await client.create(resourceTypes.leases, { metadata: { namespace, name }, spec }, this.#limit)
          : await client.replace(resourceTypes.leases, { ...lease, spec }, this.#limit);
      this.#observe(written);
    } catch (thrown) {
      // Read anew at the next attempt: somebody else has written.
      if (thrown instanceof KubernetesError && (thrown.status === 409 || thrown.status === 404)) {
        await this.#read();
        if (this.#holder !== identity) this.#stepDown('another process has written the lease');
        return;
      }
      throw thrown;
    }
    this.#lead(startMs);
  }

  #lead(startMs: number): void {
    const { clock, logger } = this.#options;
    const wasLeader = this.isLeader;
    // From the start of the attempt: others may have seen the renewal as early as that.
    this.#leadsUntilMs = startMs + this.#timing.renewDeadlineMs;
    const leftMs = this.#leadsUntilMs - clock.monotonicMs();
    this.#cancelExpiry();
    if (leftMs <= 0 || this.#stopping.signal.aborted) return;
    this.#cancelExpiry = clock.schedule(leftMs, () =>
      this.#stepDown('the lease could not be renewed in time'),
    );
    this.#isLeader = true;
    if (wasLeader) return;
    logger.info('leads now');
    this.#tell(true);
  }

  #stepDown(reason: string): void {
    this.#cancelExpiry();
    if (!this.#isLeader) return;
    this.#isLeader = false;
    this.#options.logger.info('leads no longer', { reason });
    this.#tell(false);
  }

  async #release(deadlineMs: number): Promise<void> {
    const { client, clock, logger, namespace, name, identity } = this.#options;
    // Half of the time has gone to what was under way, and this asks twice.
    const limit = { deadlineMs: deadlineMs / 4 };
    try {
      const lease = await client.get(resourceTypes.leases, { namespace, name }, limit);
      if (lease === null) return;
      const record = readLease(lease);
      if (record.holder !== identity) return;
      const spec = leaseSpec({
        ...record,
        holder: '',
        durationMs: 1_000,
        renewTime: microTime(clock.nowMs()),
      });
      await client.replace(resourceTypes.leases, { ...lease, spec }, limit);
    } catch (thrown) {
      logger.warn('lease could not be given back; others wait until it ends', {
        reason: messageOf(thrown),
        deadlineMs,
      });
    }
  }

  #tell(isLeader: boolean): void {
    this.#metrics.isLeader.set(isLeader ? 1 : 0);
    this.#metrics.transitions.inc();
    for (const listener of [...this.#listeners]) {
      try {
        listener(isLeader);
      } catch (thrown) {
        this.#options.logger.error('a listener of leadership failed', { reason: messageOf(thrown) });
      }
    }
  }
}
