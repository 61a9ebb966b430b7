import { create } from '@bufbuild/protobuf';
import {
  formatViolations,
  type MeshResources,
  type ResourceKind,
  resourceKinds,
  type Violation,
} from '@tulle/model';
import {
  backoffDelayMs,
  type Clock,
  type Component,
  type Logger,
  messageOf,
  type Random,
} from '@tulle/runtime';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  kindOfTypeUrl,
  NodeSchema,
} from '@tulle/xds';
import type { ResourceSource, ResourceState, ResourceWatch } from '../config/resource-source.ts';
import type { DiscoveryMetrics } from '../control-metrics.ts';
import { ConfigurationAge } from './configuration-age.ts';
import type { DeltaStream, DeltaTransport } from './delta-transport.ts';
import type { HeldConfiguration } from './held-configuration.ts';
import { KindSubscription, type Rejection } from './kind-subscription.ts';
import type { AdmissionChecks } from './read-resource.ts';
import { heldOf, restoreHeld, type Subscriptions } from './restore-held.ts';

export interface DiscoveryClientOptions {
  /** `<namespace>/<pod>`: who asks. */
  readonly nodeId: string;
  readonly transport: DeltaTransport;
  readonly checks: AdmissionChecks;
  /** What is held will be asked for, to outlive the process; costs the memory of its bytes. Default: false. */
  readonly keepsWire?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: DiscoveryMetrics;
  readonly logger: Logger;
}

/**
 * `isOpen`: the control plane has taken the stream. Each phase's object is its own token: an event of an
 * earlier stream finds another phase and is ignored.
 */
type Phase =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'dialing' }
  | { readonly kind: 'streaming'; readonly stream: DeltaStream; readonly sinceMs: number; isOpen: boolean }
  | { readonly kind: 'waiting'; cancel(): void };

const reconnectBackoff = { baseMs: 200, maxMs: 5_000 };
/**
 * A stream that lived this long was a good one: the next failure starts with a short wait again. An answer alone
 * proves nothing: a control plane that answers and then fails would be dialed without end.
 */
const healthyStreamMs = 2_000;
/** google.rpc.Code.INVALID_ARGUMENT. */
const invalidArgument = 3;
const maxNackChars = 4_096;
/** For the application to ask again for what it used in an earlier life, once the control plane is there. */
const restoredHoldMs = 600_000;

/**
 * Incremental xDS client (delta ADS): one stream, subscriptions by name or alias, ACK and NACK by nonce. What
 * was received stays in use while disconnected; a new stream tells the versions held, so that only what
 * changed comes again. Rules: https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */
export class DiscoveryClient implements Component, ResourceSource {
  readonly name = 'discovery';
  readonly age: ConfigurationAge;
  readonly #options: DiscoveryClientOptions;
  readonly #kinds: Subscriptions;
  #phase: Phase = { kind: 'stopped' };
  #attempt = 0;
  #isFlushQueued = false;
  #isOutageLogged = false;
  /** Of what an earlier life held. */
  #releaseRestored: (() => void) | null = null;
  #cancelRelease: () => void = () => {};
  #onHeldChange: () => void = () => {};

  constructor(options: DiscoveryClientOptions) {
    this.#options = options;
    this.age = new ConfigurationAge(options.clock);
    const admission = { checks: options.checks, keepsWire: options.keepsWire ?? false };
    this.#kinds = {
      trustBundle: new KindSubscription('trustBundle', admission),
      workload: new KindSubscription('workload', admission),
      service: new KindSubscription('service', admission),
      peer: new KindSubscription('peer', admission),
      endpoints: new KindSubscription('endpoints', admission),
      routes: new KindSubscription('routes', admission),
    };
  }

  /** Before start: takes all that an earlier life held, or, where anything of it is not valid, nothing. */
  restore(held: HeldConfiguration, savedMs: number): readonly Violation[] {
    const restored = restoreHeld(this.#kinds, held, () => this.#queueFlush());
    if (!restored.ok) return restored.violations;
    this.#releaseRestored = restored.value;
    this.age.restored(savedMs);
    return [];
  }

  /** What is held, for the next life. */
  held(): HeldConfiguration {
    return heldOf(this.#kinds);
  }

  /** `listener` is called when held() may give something else than before. */
  onHeldChange(listener: () => void): void {
    this.#onHeldChange = listener;
  }

  async start(): Promise<void> {
    this.#dial();
  }

  async stop(): Promise<void> {
    const phase = this.#phase;
    this.#phase = { kind: 'stopped' };
    this.#options.metrics.connected.set(0);
    this.#cancelRelease();
    if (phase.kind === 'waiting') phase.cancel();
    if (phase.kind === 'streaming') phase.stream.close();
  }

  get isConnected(): boolean {
    return this.#phase.kind === 'streaming' && this.#phase.isOpen;
  }

  watch<K extends ResourceKind>(
    kind: K,
    name: string,
    onChange: (state: ResourceState<MeshResources[K]>) => void,
  ): ResourceWatch<K> {
    const subscription: KindSubscription<K> = this.#kinds[kind];
    return subscription.watch(name, onChange, () => this.#queueFlush());
  }

  /** What is subscribed, held and rejected, for the config dump. */
  describe(): unknown {
    const kinds = Object.fromEntries(resourceKinds.map((kind) => [kind, this.#kinds[kind].describe()]));
    const configuration = this.age.describe();
    return { phase: this.#phase.kind, connected: this.isConnected, configuration, kinds };
  }

  /** Last rejection of each resource that stands rejected. */
  rejections(): readonly Rejection[] {
    return resourceKinds.flatMap((kind) => [...this.#kinds[kind].rejections()]);
  }

  #dial(): void {
    const phase: Phase = { kind: 'dialing' };
    this.#phase = phase;
    let current: Phase = phase;
    const handlers = {
      onOpen: () => this.#opened(current),
      onResponse: (response: DeltaDiscoveryResponse) => this.#received(current, response),
      onEnd: (reason: string) => this.#ended(current, reason),
    };
    this.#options.transport.open(handlers).then(
      (stream) => {
        if (this.#phase !== phase) return stream.close();
        current = { kind: 'streaming', stream, sinceMs: this.#options.clock.monotonicMs(), isOpen: false };
        this.#phase = current;
        this.#greet(stream);
      },
      (thrown) => this.#ended(phase, messageOf(thrown)),
    );
  }

  /** The first requests of a stream: everything subscribed, with the versions held. */
  #greet(stream: DeltaStream): void {
    let node = true;
    for (const kind of resourceKinds) {
      // A first request without names would mean all there are of the kind (wildcard).
      const request = this.#kinds[kind].initialRequest();
      if (request === null) continue;
      stream.send(create(DeltaDiscoveryRequestSchema, { ...request, ...(node ? this.#node() : {}) }));
      node = false;
    }
  }

  #node(): Pick<DeltaDiscoveryRequest, 'node'> {
    return { node: create(NodeSchema, { id: this.#options.nodeId, userAgentName: 'tulle-sidecar' }) };
  }

  #opened(phase: Phase): void {
    if (this.#phase !== phase || phase.kind !== 'streaming' || phase.isOpen) return;
    phase.isOpen = true;
    this.#isOutageLogged = false;
    this.age.connected();
    this.#releaseRestoredLater();
    this.#options.metrics.connected.set(1);
    this.#options.logger.info('discovery connected', { attempt: this.#attempt });
  }

  #ended(phase: Phase, reason: string): void {
    if (this.#phase !== phase || phase.kind === 'stopped') return;
    const { clock, random, metrics, logger } = this.#options;
    if (phase.kind === 'streaming' && clock.monotonicMs() - phase.sinceMs >= healthyStreamMs)
      this.#attempt = 0;
    const delayMs = backoffDelayMs(this.#attempt++, reconnectBackoff, random);
    metrics.connected.set(0);
    this.age.disconnected();
    metrics.reconnects.inc();
    const cancel = clock.schedule(delayMs, () => this.#dial());
    this.#phase = { kind: 'waiting', cancel };
    // Once an outage: the retries of a long one would fill the log.
    const log = this.#isOutageLogged ? logger.debug : logger.warn;
    this.#isOutageLogged = true;
    log('discovery disconnected; what was received stays in use', { reason, retryInMs: Math.round(delayMs) });
  }

  #received(phase: Phase, response: DeltaDiscoveryResponse): void {
    if (this.#phase !== phase || phase.kind !== 'streaming') return;
    this.#opened(phase);
    const { metrics, clock } = this.#options;
    metrics.responses.inc();
    metrics.lastUpdate.set(clock.nowMs() / 1_000);
    const kind = kindOfTypeUrl(response.typeUrl);
    if (kind !== null) this.#take(phase.stream, kind, response);
    else this.#reject(phase.stream, response, 'type_url: is not a kind that this proxy knows');
  }

  #take<K extends ResourceKind>(stream: DeltaStream, kind: K, response: DeltaDiscoveryResponse): void {
    const subscription: KindSubscription<K> = this.#kinds[kind];
    const { rejected, changed } = subscription.take(response, this.#options.clock.nowMs());
    this.#onHeldChange();
    // Answered before listeners run: what they subscribe to comes after it on the stream.
    if (rejected.length === 0) this.#acknowledge(stream, response);
    else {
      const faults = rejected.map(({ name, violations }) => `${name}: ${formatViolations(violations)}`);
      this.#reject(stream, response, faults.join(' | '));
    }
    for (const { listeners, state } of changed) {
      for (const listener of [...listeners]) {
        try {
          listener(state);
        } catch (thrown) {
          // One store's fault must neither end the stream nor keep the update from the others.
          this.#options.logger.error('resource listener failed', {
            kind,
            reason: messageOf(thrown),
            stack: thrown instanceof Error ? thrown.stack : null,
          });
        }
      }
    }
  }

  #acknowledge(stream: DeltaStream, { typeUrl, nonce }: DeltaDiscoveryResponse): void {
    stream.send(create(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce: nonce }));
  }

  #reject(stream: DeltaStream, { typeUrl, nonce }: DeltaDiscoveryResponse, faults: string): void {
    const message = faults.length > maxNackChars ? `${faults.slice(0, maxNackChars)}…` : faults;
    this.#options.metrics.nacks.inc();
    this.#options.logger.warn('discovery resource rejected; the last good one stays', {
      typeUrl,
      faults: message,
    });
    const errorDetail = {
      $typeName: 'google.rpc.Status' as const,
      code: invalidArgument,
      message,
      details: [],
    };
    stream.send(create(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce: nonce, errorDetail }));
  }

  /** Not before the control plane is there to be asked: until then it is all that this sidecar knows. */
  #releaseRestoredLater(): void {
    const release = this.#releaseRestored;
    if (release === null) return;
    this.#releaseRestored = null;
    this.#cancelRelease = this.#options.clock.schedule(restoredHoldMs, release);
  }

  /** Changes of one turn go out together. */
  #queueFlush(): void {
    this.#onHeldChange();
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    queueMicrotask(() => {
      this.#isFlushQueued = false;
      // While there is no stream nothing is owed: the next one begins with all that is subscribed.
      if (this.#phase.kind !== 'streaming') return;
      for (const kind of resourceKinds) {
        const request = this.#kinds[kind].changeRequest();
        if (request !== null) this.#phase.stream.send(create(DeltaDiscoveryRequestSchema, request));
      }
    });
  }
}
