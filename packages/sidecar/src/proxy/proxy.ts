/**
 * The request path of the sidecar: two listeners, their stacks and the upstreams behind them. Captured, they
 * get whatever the pod sends and is sent. In explicit mode applications send HTTP to the outbound listener, and
 * peers' sidecars mTLS to the inbound one.
 */
import { type ConnectionObserver, listenTcp, serveHttp, type Transport } from '@tulle/http';
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
import { DetectionMemory } from '../listener/detection-memory.ts';
import { InboundCapture } from '../listener/inbound-capture.ts';
import { InboundListener } from '../listener/inbound-listener.ts';
import type { ListenerContext } from '../listener/listener-context.ts';
import { MeshConnections } from '../listener/mesh-connections.ts';
import { OutboundCapture } from '../listener/outbound-capture.ts';
import { type ConnectionSide, RequestMetrics } from '../metrics.ts';
import { TcpRelays } from '../tcp/tcp-relays.ts';
import { AccessLog } from './access-log.ts';
import { AppClusters } from './app-clusters.ts';
import { TwoChoices } from './balancer.ts';
import { DownstreamConnection } from './downstream-connection.ts';
import { InboundStack } from './inbound-stack.ts';
import { OutboundStack } from './outbound-stack.ts';
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
}

// biome-ignore lint/suspicious/noShadowRestrictedNames: it is what a sidecar is made of, and no module here uses the global.
export class Proxy implements Component {
  readonly name = 'proxy';
  readonly #options: ProxyOptions;
  readonly #sweep: Sweep;
  readonly #metrics: RequestMetrics;
  readonly #upstreams: Upstreams;
  readonly #outbound: RelayPool;
  readonly #inbound: RelayPool;
  readonly #inboundListener: InboundListener | InboundCapture;
  readonly #outboundCapture: OutboundCapture | null;
  #outboundListener: { readonly port: number; close(): Promise<void> } | null = null;
  #inboundOpening: Promise<void> | null = null;
  readonly #drain: ProxyDrain;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const { settings, clock, logger, random } = options;
    this.#sweep = new Sweep(clock);
    const metrics = new RequestMetrics(options.metrics, {
      inbound: () => this.#inbound.context.connections.size,
      outbound: () => this.#outbound.context.connections.size,
      upstream: () => this.#upstreams.openCount,
      bulk: () => this.#upstreams.bulkCount,
      avoided: () => this.#upstreams.avoidedCount,
    });
    this.#metrics = metrics;
    const own = parseName(settings.workload);
    if (own !== null) metrics.setOwn({ workload: own.name, namespace: own.namespace });
    options.inbound.onChange(() => {
      if (options.inbound.owner !== '') metrics.setOwn({ workload: options.inbound.owner });
    });
    const { limits, timeouts } = settings;
    const nowMs = () => this.#sweep.nowMs;
    const codecs = { nowMs, observer: observerOf('upstream', metrics) };
    const dialer = new MeshDialer(settings, options.identity, () => options.inbound.owner, codecs);
    this.#upstreams = new Upstreams({ dialer, limits, timeouts, sweep: this.#sweep, random });
    const write = options.writeAccessLog ?? ((line: string) => void process.stdout.write(line));
    const shared = {
      settings,
      metrics,
      upstreams: this.#upstreams,
      balancer: new TwoChoices(random),
      accessLog: new AccessLog({ format: settings.accessLog, clock, own: () => metrics.own, write }),
      monotonicMs: () => clock.monotonicMs(),
    };
    this.#outbound = this.#relays(
      'outbound',
      new OutboundStack({ ...shared, view: options.outbound, random }),
      metrics,
    );
    const apps = new AppClusters();
    this.#inbound = this.#relays(
      'inbound',
      new InboundStack({ ...shared, apps, view: options.inbound }),
      metrics,
    );
    const original = options.originalDestination ?? null;
    const parts = { ...shared, dialer, clock, logger, sweep: this.#sweep, memory: new DetectionMemory() };
    const inbound = this.#listenerContext(this.#inbound, parts);
    const mesh = new MeshConnections(inbound, options.inbound, apps);
    this.#inboundListener =
      original === null
        ? new InboundListener({
            settings,
            metrics,
            logger,
            onConnection: (transport, peer) => mesh.accept(transport, peer),
            onError: (error) => logger.error('inbound listener failed', { reason: error.message }),
          })
        : new InboundCapture({ context: inbound, view: options.inbound, apps, mesh, original });
    this.#outboundCapture =
      original === null
        ? null
        : new OutboundCapture(this.#listenerContext(this.#outbound, parts), options.outbound, original);
    this.#drain = new ProxyDrain({
      inbound: {
        connections: this.#inbound.context.connections,
        stopAccepting: () => this.#inboundListener.close(),
      },
      outbound: {
        connections: this.#outbound.context.connections,
        stopAccepting: async () => this.#outboundListener?.close(),
      },
      delayMs: options.drainDelayMs ?? 0,
      clock,
      logger,
    });
  }

  /** 0 until it is bound. */
  get outboundPort(): number {
    return this.#outboundListener?.port ?? 0;
  }

  /** 0 until there is an identity and it is bound. */
  get inboundPort(): number {
    return this.#inboundListener.port;
  }

  /** The ports in use, once started. */
  listening(): LogFields {
    return { outboundPort: this.outboundPort, inboundPort: this.inboundPort };
  }

  async start(): Promise<void> {
    const { settings, identity, logger } = this.#options;
    this.#sweep.start();
    this.#sweep.add(this.#upstreams);
    this.#sweep.add(this.#metrics);
    this.#outboundListener = await this.#openOutbound();
    logger.info('listening', { side: 'outbound', host: settings.host, port: this.outboundPort });
    identity.onChange((material) => this.#useIdentity(material));
    if (identity.current !== null) {
      this.#useIdentity(identity.current);
      await this.#inboundOpening;
      if (this.inboundPort === 0) await this.#refuseToStart();
    }
  }

  async #openOutbound() {
    if (this.#outboundCapture !== null) {
      await this.#outboundCapture.open();
      return this.#outboundCapture;
    }
    const { settings, logger } = this.#options;
    return listenTcp({
      host: settings.host,
      port: settings.outboundPort,
      backend: settings.backend,
      reusePort: settings.sharesPorts,
      maxConnections: settings.limits.maxConnections,
      onConnection: (transport) => this.#acceptExplicit(transport),
      onError: (error) => logger.error('outbound listener failed', { reason: error.message }),
    });
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
      pools: this.#upstreams.describe(),
      settings,
    };
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
      ownFields: new OwnFields(),
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

  #listenerContext(http: RelayPool, parts: Omit<ListenerContext, 'http' | 'tcp'>): ListenerContext {
    const { settings, sweep } = parts;
    const { connections } = http.context;
    const tcp = new TcpRelays({ sweep, connections, idleMs: settings.timeouts.tcpIdleMs });
    return { ...parts, http, tcp };
  }

  #acceptExplicit(transport: Transport): void {
    const { serverOptions } = this.#outbound.context;
    new DownstreamConnection(this.#outbound, { peer: null, captured: null }, (handler) =>
      serveHttp(transport, handler, serverOptions),
    );
  }

  /** The first identity opens the mesh port; the next ones replace its certificate. */
  #useIdentity(material: IdentityMaterial): void {
    this.#metrics.setOwn({ identity: material.spiffeId });
    if (this.#drain.hasClosedInbound) return;
    const { logger, settings } = this.#options;
    if (this.#inboundOpening !== null) {
      this.#inboundListener.update(material);
      return;
    }
    this.#inboundOpening = this.#inboundListener.open(material).then(
      () => logger.info('listening', { side: 'inbound', host: settings.host, port: this.inboundPort }),
      (thrown) => {
        // The next identity tries again; until then the workload serves no peer.
        this.#inboundOpening = null;
        logger.error('inbound listener failed', { reason: messageOf(thrown) });
      },
    );
  }
}

function observerOf(side: ConnectionSide, metrics: RequestMetrics): ConnectionObserver {
  return {
    onLimit: (name) => metrics.limited(side, name),
    onProtocolError: (code) => metrics.protocolError(side, code),
  };
}
