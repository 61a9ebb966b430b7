/**
 * The request path of the sidecar: two listeners, their stacks and the upstreams behind them. Captured, they
 * get whatever the pod sends and is sent. In explicit mode applications send HTTP to the outbound listener, and
 * peers' sidecars mTLS to the inbound one.
 */
import type { ConnectionObserver } from '@tulle/http';
import { parseName } from '@tulle/model';
import {
  type Clock,
  type Component,
  type LogFields,
  type Logger,
  type MetricsRegistry,
  messageOf,
  type Random,
  TulleError,
} from '@tulle/runtime';
import type { OriginalDestination } from '../capture/original-destination.ts';
import type { IdentityMaterial, IdentitySource, InboundView, OutboundView } from '../config/mesh-view.ts';
import { composeListeners } from '../listener/compose-listeners.ts';
import type { InboundListener, OutboundListener } from '../listener/listeners.ts';
import { type ConnectionSide, RequestMetrics } from '../metrics.ts';
import { RequestTracer } from '../tracing/request-tracer.ts';
import { AppClusters } from './app-clusters.ts';
import { TwoChoices } from './balancer.ts';
import { EndpointWaits } from './endpoint-waits.ts';
import { InboundStack } from './inbound-stack.ts';
import { type OpenAccessLog, openAccessLog } from './open-access-log.ts';
import { OutboundStack } from './outbound-stack.ts';
import { OverloadGuard } from './overload/overload-guard.ts';
import { OverloadMetrics } from './overload/overload-metrics.ts';
import { OwnFields } from './own-fields.ts';
import { ProxyDrain } from './proxy-drain.ts';
import { RelayPool } from './relay-pool.ts';
import { RequestCopies } from './request-copy.ts';
import type { RequestStack } from './request-stack.ts';
import { Retries } from './retries.ts';
import { RetryBudget } from './retry-budget.ts';
import { meshLimits, type ProxySettings, serverTimeouts } from './settings.ts';
import { Sweep } from './sweep.ts';
import { MeshDialer } from './upstream-dialer.ts';
import { Upstreams } from './upstreams.ts';

export interface ProxyOptions {
  readonly settings: ProxySettings;
  readonly outbound: OutboundView;
  readonly inbound: InboundView;
  /** Null: explicit mode. */
  readonly originalDestination?: OriginalDestination | null;
  readonly identity: IdentitySource;
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Of a drain, with everything still accepted. Default: 0. */
  readonly drainDelayMs?: number;
  /** Where access log lines go. Default: standard output. */
  readonly writeAccessLog?: (line: string) => void;
  /** Default: tracing is off. */
  readonly tracers?: Readonly<Record<'inbound' | 'outbound', RequestTracer>>;
}

const ACCESS_LOG_FLUSH_MS = 500;

// biome-ignore lint/suspicious/noShadowRestrictedNames: it is what a sidecar is made of, and no module here uses the global.
export class Proxy implements Component {
  readonly name = 'proxy';
  readonly #options: ProxyOptions;
  readonly #sweep: Sweep;
  readonly #metrics: RequestMetrics;
  readonly #overload: OverloadGuard;
  readonly #upstreams: Upstreams;
  readonly #waits: EndpointWaits;
  readonly #outbound: RelayPool;
  readonly #inbound: RelayPool;
  readonly #listeners: { readonly outbound: OutboundListener; readonly inbound: InboundListener };
  readonly #accessLog: OpenAccessLog;
  #inboundOpening: Promise<void> | null = null;
  readonly #drain: ProxyDrain;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { settings, clock, logger, random } = options;
    this.#sweep = new Sweep(clock);
    const metrics = this.#createMetrics();
    this.#metrics = metrics;
    const { limits, timeouts } = settings;
    this.#overload = new OverloadGuard({ limits, metrics: new OverloadMetrics(options.metrics) });
    const nowMs = () => this.#sweep.nowMs;
    const codecs = { nowMs, observer: observerOf('upstream', metrics) };
    const owner = () => options.inbound.owner;
    const dialer = new MeshDialer(settings, options.identity, { owner, metrics, codecs });
    this.#upstreams = new Upstreams({ dialer, limits, timeouts, sweep: this.#sweep, metrics, random });
    this.#waits = new EndpointWaits({
      upstreams: this.#upstreams,
      clock,
      maxWaiting: limits.maxHeldRequests,
      waitMs: timeouts.endpointWaitMs,
      count: (result) => metrics.waitedForEndpoint(result),
    });
    this.#accessLog = openAccessLog({
      format: settings.accessLog,
      clock,
      metrics,
      registry: options.metrics,
      write: options.writeAccessLog,
    });
    const shared = {
      settings,
      metrics,
      upstreams: this.#upstreams,
      balancer: new TwoChoices(random),
      accessLog: this.#accessLog.accessLog,
      monotonicMs: () => clock.monotonicMs(),
    };
    this.#outbound = this.#relays(
      'outbound',
      new OutboundStack({ ...shared, view: options.outbound, waits: this.#waits, random }),
      metrics,
    );
    const apps = new AppClusters((cluster) => this.#upstreams.forget(cluster));
    this.#inbound = this.#relays(
      'inbound',
      new InboundStack({ ...shared, apps, view: options.inbound }),
      metrics,
    );
    this.#listeners = composeListeners({
      ...shared,
      dialer,
      apps,
      clock,
      logger,
      sweep: this.#sweep,
      outboundHttp: this.#outbound,
      inboundHttp: this.#inbound,
      outboundView: options.outbound,
      inboundView: options.inbound,
      original: options.originalDestination ?? null,
    });
    this.#drain = this.#createDrain();
  }

  /** 0 until it is bound. */
  get outboundPort(): number {
    return this.#listeners.outbound.port;
  }

  /** 0 until there is an identity and it is bound. */
  get inboundPort(): number {
    return this.#listeners.inbound.port;
  }

  /** The ports in use, once started. */
  listening(): LogFields {
    return { outboundPort: this.outboundPort, inboundPort: this.inboundPort };
  }

  async start(): Promise<void> {
    const { settings, identity, logger } = this.#options;
    this.#sweep.start();
    this.#sweep.add(this.#overload);
    this.#sweep.add(this.#upstreams);
    this.#sweep.add(this.#waits);
    this.#sweep.add(this.#metrics);
    await this.#listeners.outbound.open();
    const { host, port } = this.#listeners.outbound;
    logger.info('listening', { side: 'outbound', host, port, capture: settings.capture });
    identity.onChange((material) => this.#useIdentity(material));
    if (identity.current !== null) {
      this.#useIdentity(identity.current);
      await this.#inboundOpening;
      if (this.inboundPort === 0) await this.#refuseToStart();
    }
  }

  /** A mesh port that cannot be had at boot is a fault of the configuration: say so, and let go of the rest. */
  async #refuseToStart(): Promise<never> {
    await this.stop(0);
    const { host, inboundPort } = this.#options.settings;
    const hint = 'choose another port or address, or stop what listens there';
    throw new TulleError('INBOUND_LISTEN', `cannot listen on ${host}:${inboundPort}: ${hint}`, {
      source: 'config',
    });
  }

  /** Peers are sent elsewhere; the application goes on reaching out until stop(). */
  drain(): void {
    this.#drain.begin();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#drain.finish(deadlineMs);
    this.#upstreams.abort();
    this.#sweep.stop();
    this.#overload.stop();
    await this.#accessLog.flush(ACCESS_LOG_FLUSH_MS);
  }

  /** For the config dump. */
  describe(): unknown {
    const { settings } = this.#options;
    return {
      listeners: {
        outbound: { port: this.outboundPort, connections: this.#outbound.context.connections.size },
        inbound: { port: this.inboundPort, connections: this.#inbound.context.connections.size },
      },
      drain: this.#drain.describe(),
      waiting: this.#waits.count,
      pools: this.#upstreams.describe(),
      settings,
    };
  }

  #createMetrics(): RequestMetrics {
    const { settings, inbound, metrics: registry } = this.#options;
    const counts = {
      inbound: () => this.#inbound.context.connections.size,
      outbound: () => this.#outbound.context.connections.size,
      upstream: () => this.#upstreams.openCount,
      bulk: () => this.#upstreams.bulkCount,
      avoided: () => this.#upstreams.avoidedCount,
      pending: () => this.#upstreams.queuedCount,
    };
    const metrics = new RequestMetrics(registry, counts, settings.seriesExpiryMs);
    const own = parseName(settings.workload);
    if (own !== null) metrics.setOwn({ workload: own.name, namespace: own.namespace });
    inbound.onChange(() => {
      if (inbound.owner !== '') metrics.setOwn({ workload: inbound.owner });
    });
    return metrics;
  }

  #createDrain(): ProxyDrain {
    const { drainDelayMs = 0, clock, logger } = this.#options;
    const { inbound, outbound } = this.#listeners;
    return new ProxyDrain({
      inbound: {
        connections: this.#inbound.context.connections,
        stopAccepting: () => inbound.close(),
      },
      outbound: {
        connections: this.#outbound.context.connections,
        stopAccepting: () => outbound.close(),
      },
      delayMs: drainDelayMs,
      clock,
      logger,
    });
  }

  #relays(side: ConnectionSide, stack: RequestStack, metrics: RequestMetrics): RelayPool {
    const { settings, clock } = this.#options;
    const { limits, timeouts } = settings;
    const budget = new RetryBudget(clock.monotonicMs());
    this.#sweep.add(budget);
    return new RelayPool({
      settings,
      stack,
      clock,
      sweep: this.#sweep,
      metrics,
      overload: this.#overload,
      mayUpstreamEnd: () => side === 'inbound' && this.#drain.hasBegun,
      tracer: this.#options.tracers?.[side === 'inbound' ? 'inbound' : 'outbound'] ?? untraced,
      ownFields: new OwnFields({ forwarding: settings.forwarding }),
      copies: new RequestCopies(limits.maxReplayBytes),
      retries: new Retries({ stack, budget, count: (result) => metrics.retried(side, result) }),
      connections: new Set(),
      capturesText: settings.accessLog !== 'off',
      serverOptions: {
        limits: side === 'inbound' ? meshLimits(limits) : limits,
        timeouts: serverTimeouts(timeouts),
        observer: observerOf(side, metrics),
        nowMs: () => this.#sweep.nowMs,
      },
    });
  }

  /** The first identity opens the mesh port; the next ones replace its certificate. */
  #useIdentity(material: IdentityMaterial): void {
    this.#metrics.setOwn({ identity: material.spiffeId });
    if (this.#drain.hasClosedInbound) return;
    const { logger } = this.#options;
    if (this.#inboundOpening !== null) {
      this.#listeners.inbound.update(material);
      return;
    }
    this.#inboundOpening = this.#listeners.inbound.open(material).then(
      () =>
        logger.info('listening', {
          side: 'inbound',
          host: this.#listeners.inbound.host,
          port: this.inboundPort,
        }),
      (thrown) => {
        // The next identity tries again; until then the workload serves no peer.
        this.#inboundOpening = null;
        logger.error('inbound listener failed', { reason: messageOf(thrown) });
      },
    );
  }
}

const untraced = new RequestTracer('outbound', 0, () => 1);

function observerOf(side: ConnectionSide, metrics: RequestMetrics): ConnectionObserver {
  return {
    onLimit: (name) => metrics.limited(side, name),
    onProtocolError: (code) => metrics.protocolError(side, code),
  };
}
